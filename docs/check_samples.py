"""Checks README.md and docs/*.md: every sample, command, output and link on them is real.

A comment in front of a code block says what it is:

    <!-- sample: PATH -->   the part of the file PATH between [begin] and [end]
    <!-- consumer -->       what a project that uses this one has in its CMakeLists.txt: it is compiled
    <!-- run -->            commands that are run, each with its output; times, versions and widths may differ
    <!-- workflow -->       YAML for a CI server: the programs that it runs are built by the consumer above, and take
                            the options
    <!-- packages -->       what `./kit check` installs for a store that needs no server

A page may tell of a reader's own folder, which begins empty. The kit is installed for it:

    <!-- file: NAME -->     a file there, whole
    <!-- into: NAME -->     a function there, instead of the one that begins with the same line and ends at an empty one
    <!-- steps -->          commands that are run there and succeed
    <!-- session -->        commands that are run there, each with its output, as with "run"
    <!-- race -->           the same, of a race, which goes otherwise each time: neither numbers nor the order of lines
                            are compared

Every other block is shown as it is, and holds neither C++ nor CMake nor YAML. Every `./kit ...` on a page has to be
taken by the script.
"""

import argparse
import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import yaml

from reader_folder import Folder

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "adapters/process/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- ([^\n]+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIGURES = re.compile(r"\S+ [A-Z]+-\d\d ")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

failures = []


def expect(condition, what):
    if not condition:
        failures.append(what)


def run(*command, cwd, **environment):
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def parse_kit(words):
    """What ./kit makes of `words`: the stores and the options of `check`, or nothing if it refuses them."""
    script = f'source "{ROOT}/kit"; [[ $1 == help ]] || "parse_$1" "${{@:2}}"; '
    script += 'printf "%s\\n" "${stores[@]}" -- "${options[@]}"'
    with tempfile.TemporaryDirectory() as directory:  # --report makes one
        done = run("bash", "-c", script, "bash", *words, cwd=directory)
    if done.returncode != 0:
        return None
    lines = done.stdout.splitlines()
    return lines[: lines.index("--")], lines[lines.index("--") + 1 :]


def output(command, arguments):
    """What `command` prints here, or nothing where this build lacks a store that it needs."""
    words = shlex.split(command)
    if words[:2] in (["./kit", "rules"], ["./kit", "explain"]):
        return run(arguments.rules, *parse_kit(words[1:])[1], cwd=ROOT).stdout
    if words[0] == "aether_compare":
        words[0] = arguments.compare
    if words[0] != "./kit" or words[1] != "check":
        return run(*words, cwd=ROOT if words[0] == "./kit" else arguments.samples).stdout
    stores, options = parse_kit(words[1:])
    known = dict(program.split("=") for program in arguments.program)
    if not set(stores) <= set(known):
        print(f"not run, for want of a store in this build: {command}")
        return None
    programs = [word for store in stores for word in ("--program", f"{store}={known[store]}")]
    return run(arguments.check, *programs, *options, cwd=ROOT, AETHER_REPLAY="./kit check").stdout


def comparable(text):
    text = re.sub(r"\b\d+(\.\d+)? (ms|s)\b", "#", re.sub(r"[ \t]+", " ", text))
    text = re.sub(r"\b0x[0-9a-f]+\b", "#", text)
    text = re.sub(r"\b\d+(\.\d+)+\b", "#", text)
    # What was counted in a rule depends on how far calls get.
    lines = [re.sub(r" [\d,]+(?=;|$)", " #", line) if FIGURES.match(line) else line for line in text.splitlines()]
    return "\n".join(lines).strip()


def check_output(page, block, arguments, output=output, comparable=comparable):
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = re.sub(r"\\\n *", "", part).partition("\n")  # a command may go over several lines
        real = output(command, arguments)
        if real is None or comparable(real) == comparable(shown):
            continue
        if arguments.write:
            path = ROOT / page
            path.write_text(path.read_text().replace(shown.strip("\n"), real.strip("\n"), 1))
        else:
            expect(
                False,
                f"{page}: {command}\n--- shown\n{shown}\n--- real\n{real}",
            )


def output_in(folder, command):
    """What `command` prints in a reader's folder, or nothing where no process may be traced."""
    traced = ("gdb", "-batch", "-ex", "run", "--args", "true")
    if command.startswith("gdb ") and "exited normally" not in run(*traced, cwd=ROOT).stdout:
        print(f"not run, since gdb cannot trace a process here: {command}")
        return None
    return folder.run(command).stdout


def without_race(text):
    """What of an output is the same each time: which lines there are, but for their numbers."""
    return set(re.sub(r"\d+", "#", comparable(text)).splitlines())


def check_sample(page, path, block):
    marked = re.compile(r"^ *// \[begin\]\n(.*?)^ *// \[end\]", re.MULTILINE | re.DOTALL)
    lines = marked.search((ROOT / path).read_text()).group(1).splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line)
    expect(block == "".join(line[indent:] + "\n" for line in lines), f"{page}: differs from {path}")


def check_consumer(page, block, arguments):
    """A project beside a copy of this one, of which only the consumer's own program is compiled."""
    with tempfile.TemporaryDirectory() as directory:
        project = pathlib.Path(directory)
        (project / "aether").symlink_to(ROOT)
        for source in (ROOT / "docs/samples").iterdir():
            (project / source.name).symlink_to(source)
        (project / "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.25)\nproject(consumer LANGUAGES CXX)\n{block}"
        )
        program = re.search(r"my_store_\w+", block).group()
        settings = (f"-DCMAKE_CXX_COMPILER={arguments.compiler}", f"-DCMAKE_PREFIX_PATH={project / 'installed'}")
        steps = (
            ("cmake", "--install", arguments.build, "--prefix", "installed", "--component", "dev"),
            ("cmake", "-S", ".", "-B", "build", "-G", "Ninja", *settings),
            ("ninja", "-C", "build", f"CMakeFiles/{program}.dir/{program}.cc.o"),
        )
        if "add_subdirectory(aether" in block:  # what docs/ci.md builds beside it
            steps += (("ninja", "-C", "build", "-t", "query", "aether/conformance/aether_compare"),)
        for step in steps:
            done = run(*step, cwd=project)
            expect(done.returncode == 0, f"{page}: {shlex.join(step)}\n{done.stdout}{done.stderr}")


def check_packages():
    """What the script ./kit calls CHECK_PACKAGES."""
    done = run("bash", "-c", f'source "{ROOT}/kit"; echo "${{CHECK_PACKAGES[@]}}"', cwd=ROOT)
    return set(done.stdout.split())


def commands_of(workflow):
    """Every text that the shell gets, of GitHub's `run` and of GitLab's lists of commands."""
    if isinstance(workflow, dict):
        for key, value in workflow.items():
            if key == "run":
                yield value
            elif key in ("script", "before_script"):
                yield from value
            else:
                yield from commands_of(value)
    elif isinstance(workflow, list):
        for element in workflow:
            yield from commands_of(element)


def check_workflow(page, block, arguments):
    programs = {
        "./build/my_store_conformance": f"{arguments.samples}/my_store_conformance",
        "./build/aether/conformance/aether_compare": arguments.compare,
    }
    commands = "\n".join(commands_of(yaml.safe_load(block)))
    words = set(commands.split())
    expect(check_packages() <= words, f"{page}: a workflow does not install {check_packages() - words}")
    expect(set(programs) <= words, f"{page}: a workflow does not run {set(programs) - words}")
    for program, options in re.findall(r"(\./build/\S+)([^\n;]*)", commands):
        if program not in programs:
            expect(False, f"{page}: a workflow runs what is not there: {program}")
            continue
        known = run(programs[program], "--help", cwd=ROOT).stdout.split()
        unknown = [word for word in options.split() if word.startswith("--") and word not in known]
        expect(not unknown, f"{page}: {program} has no option {unknown}")


def check_page(path, arguments):
    page = path.relative_to(ROOT)
    text = path.read_text()
    folder = functools.cache(lambda: Folder(arguments.build, arguments.compiler))
    for kind, language, block in BLOCK.findall(text):
        if kind.startswith("sample: "):
            check_sample(page, kind.removeprefix("sample: "), block)
        elif kind == "consumer":
            check_consumer(page, block, arguments)
        elif kind == "run":
            check_output(page, block, arguments)
        elif kind.startswith("file: "):
            folder().write(kind.removeprefix("file: "), block)
        elif kind.startswith("into: "):
            folder().replace_function(kind.removeprefix("into: "), block)
        elif kind == "steps":
            done = folder().run(block)
            expect(done.returncode == 0, f"{page}:\n{block}{done.stdout}{done.stderr}")
        elif kind == "session":
            check_output(page, block, arguments, lambda command, _: output_in(folder(), command))
        elif kind == "race":
            check_output(page, block, arguments, lambda command, _: output_in(folder(), command), without_race)
        elif kind == "workflow":
            check_workflow(page, block, arguments)
        elif kind == "packages":
            expect(set(block.split()) == check_packages(), f"{page}: ./kit installs {check_packages()}")
        else:
            expect(language not in ("cpp", "cmake", "yaml"), f"{page}: a sample that nothing checks:\n{block}")
    for command in re.findall(r"(?:^\$ |`|^)\./kit ([^`\n]+)", text, re.MULTILINE):
        expect(parse_kit(shlex.split(command)), f"{page}: ./kit does not take: {command}")
    for target in LINK.findall(text):
        expect((path.parent / target).exists(), f"{page}: leads nowhere: {target}")


def check_rules(arguments):
    """docs/rules.md is what ./kit rules --markdown prints, and the stores offer what it says of them."""
    done = run(arguments.rules, "--markdown", cwd=ROOT)
    expect(
        done.stdout == (ROOT / "docs/rules.md").read_text(),
        "docs/rules.md is not up to date: ./kit rules --markdown > docs/rules.md",
    )
    shown = json.loads(run(arguments.rules, "--capabilities", cwd=ROOT).stdout)
    for program in arguments.program:
        name, path = program.split("=")
        with tempfile.TemporaryDirectory() as directory:
            run(path, "--profile", "quick", "--rules", "VER-04", "--report", directory, cwd=ROOT)
            report = json.loads((pathlib.Path(directory) / "report.json").read_text())
        found = report["stores"][0]["capabilities"]
        expect(found == shown[name], f"docs/rules.md says of {name}: {shown[name]}\n--- a run says\n{found}")


parser = argparse.ArgumentParser()
parser.add_argument("--samples", required=True, help="the directory of the samples' programs")
parser.add_argument("--build", required=True, help="the build directory, to install from")
parser.add_argument("--compiler", required=True)
parser.add_argument("--check", required=True, help="aether_check")
parser.add_argument("--compare", required=True, help="aether_compare")
parser.add_argument("--rules", required=True, help="aether_rules")
parser.add_argument("--write", action="store_true", help="put what is printed into the pages")
parser.add_argument("--program", action="append", default=[], help="NAME=PATH, of a store's program")
given = parser.parse_args()
for each in PAGES:
    check_page(each, given)
check_rules(given)
for failure in failures:
    print(failure, file=sys.stderr)
sys.exit(1 if failures else 0)
