"""Builds and runs an example of docs/examples against the installed package, as a third party would.

    example_test.py NAME BUILD_DIR COMPILER [LAUNCHER]

The package is installed into a new place, and the example taken from what was installed there. Nothing of the source
tree is seen. All tests of the example have to pass, its conformance program among them.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

NAME, BUILD, COMPILER = sys.argv[1:4]
LAUNCHER = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={sys.argv[4]}"] if len(sys.argv) > 4 and sys.argv[4] else []
# What a careful third party turns on. Headers of the package are none of its own, so they have to be silent.
WARNINGS = "-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror"
ROOM = 1 << 30


def environment(temp):
    env = dict(os.environ)
    # The place is another one each time; the compiler's output is the same.
    env.update(CCACHE_BASEDIR=str(temp), CCACHE_NOHASHDIR="1")
    # The rules end processes and not the machine, so that a store need not wait for a disk.
    memory = pathlib.Path("/dev/shm")
    if "AETHER_SCRATCH" not in env and memory.is_dir() and shutil.disk_usage(memory).free >= ROOM:
        env["AETHER_SCRATCH"] = str(memory)
    return env


def main():
    with tempfile.TemporaryDirectory() as directory:
        temp = pathlib.Path(directory)
        prefix, source, build = temp / "prefix", temp / "source", temp / "build"
        env = environment(temp)

        def run(*command):
            subprocess.run([str(word) for word in command], env=env, check=True)

        for component in ("spec", "dev"):
            run("cmake", "--install", BUILD, "--prefix", prefix, "--component", component)
        shutil.copytree(prefix / "share/aether/docs/examples" / NAME, source)
        run(
            *("cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}"),
            *(f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCMAKE_CXX_FLAGS={WARNINGS}", *LAUNCHER),
        )
        run("ninja", "-C", build)
        run("ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"example_test: {error.cmd[0]} failed with {error.returncode}")
