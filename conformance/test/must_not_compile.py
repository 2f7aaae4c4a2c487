"""Checks that a source does not compile, and that the compiler says why within its first lines.

    must_not_compile.py SOURCE COMPILER [ARGUMENT...]

The first lines of SOURCE hold a regular expression for each thing that the compiler has to say,
`// error: <expression>`, or `// compiles`, for the control that shows that the others fail for their own
reason.
"""

import os
import re
import subprocess
import sys

LINES = 15  # a person looks no further

source, compiler = sys.argv[1], sys.argv[2:]
with open(source, encoding="utf-8") as file:
    text = file.read()
wanted = re.findall(r"^// error: (.+)$", text, re.MULTILINE)
compiles = bool(re.search(r"^// compiles$", text, re.MULTILINE))
if compiles == bool(wanted):
    sys.exit(f"{source}: it has to say either what the error is, or that it compiles")

done = subprocess.run(
    [*compiler, source], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False
)
shown = "\n".join(done.stderr.splitlines()[:LINES])
print(shown)
if compiles and done.returncode != 0:
    sys.exit("does not compile")
if not compiles and done.returncode == 0:
    sys.exit("compiles")
for expression in wanted:
    if not re.search(expression, shown):
        sys.exit(f"the compiler does not say: {expression}")
