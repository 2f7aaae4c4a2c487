"""Checks that a source does not compile, and that the compiler says why in few words, the reason first.

    must_not_compile.py SOURCE COMPILER [ARGUMENT...]

The first lines of SOURCE hold a regular expression for each thing that the compiler has to say,
`// error: <expression>`, or `// compiles`, for the control that shows that the others fail for their own
reason. The first of them has to be in the compiler's first error. `// errors: <number>` allows more errors than one.
"""

import os
import re
import subprocess
import sys

LINES = 22  # in all; five of them may be of the chain of includes. A person looks no further

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
errors = [line for line in done.stderr.splitlines() if " error: " in line]
lines = len(done.stderr.splitlines())
print(f"{len(errors)} errors, {lines} lines\n{done.stderr}")
if compiles and done.returncode != 0:
    sys.exit("does not compile")
if not compiles and done.returncode == 0:
    sys.exit("compiles")
for expression in wanted:
    if not re.search(expression, done.stderr):
        sys.exit(f"the compiler does not say: {expression}")
if wanted and not re.search(wanted[0], errors[0]):
    sys.exit(f"the first error does not say: {wanted[0]}")
allowed = int((re.findall(r"^// errors: (\d+)$", text, re.MULTILINE) or ["1"])[0])
if len(errors) > allowed or lines > LINES * allowed:
    sys.exit(f"{len(errors)} errors in {lines} lines, of {allowed} in {LINES * allowed}")
