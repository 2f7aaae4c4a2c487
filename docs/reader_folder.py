"""The folder of somebody who follows a page: empty at first, with the kit installed beside it."""

import os
import pathlib
import subprocess
import tempfile
import textwrap


class Folder:
    SHOWN = "/home/you"  # what pages call it; they call the prefix /usr

    def __init__(self, build, compiler):
        self._temp = tempfile.TemporaryDirectory()
        root = pathlib.Path(self._temp.name).resolve()
        self._home, self._prefix, self._where = root / "home", root / "usr", root / "where"
        self._home.mkdir()
        self._at = self._home
        self._environment = {
            **os.environ,
            "PATH": f"{self._prefix}/bin:{os.environ['PATH']}",
            "CMAKE_PREFIX_PATH": str(self._prefix),
            "CMAKE_GENERATOR": "Ninja",
            "CXX": compiler,
        }
        for component in ("spec", "dev", "tools"):
            install = ("cmake", "--install", build, "--strip", "--prefix", self._prefix, "--component", component)
            subprocess.run(install, stdout=subprocess.DEVNULL, check=True, timeout=60)

    def write(self, name, text):
        (self._at / name).write_text(text)

    def replace_function(self, name, text):
        """Puts `text` instead of the function that begins with the same line and ends at an empty one."""
        path, first = self._at / name, text.split("\n", 1)[0]
        lines = path.read_text().split("\n")
        begin = [line.strip() for line in lines].index(first)
        indent = lines[begin][: len(lines[begin]) - len(first)]
        lines[begin : lines.index("", begin)] = textwrap.indent(text.rstrip("\n"), indent).split("\n")
        path.write_text("\n".join(lines))

    def run(self, commands):
        """Runs them in one shell, which stops at the first that fails, and stays where they go."""
        commands = commands.replace("/usr/", f"{self._prefix}/")
        done = subprocess.run(
            ["bash", "-ec", f'trap "pwd > {self._where}" EXIT\n{commands}'],
            cwd=self._at,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self._at = pathlib.Path(self._where.read_text().strip())
        done.stdout = done.stdout.replace(str(self._home), self.SHOWN).replace(str(self._prefix), "/usr")
        return done
