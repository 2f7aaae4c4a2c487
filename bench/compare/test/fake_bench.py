"""A benchmark program that measures nothing: it speaks the protocol, and its figures come from a file.

    fake_bench.py SPEC.json --list | --serve [--seconds S] [--scratch DIR]

SPEC.json: {
  "benchmarks": [what --list prints, and "per_second", "counters", and "error" or "not_offered" to answer instead],
  "noise": sigma of log-normal noise, different in each process,
  "weather": by which fraction all programs together get slower and faster (0.4),
  "log": a file that gets a line for each request, of all programs,
  "misbehave": {"how": MODE, "at": the request at which, from 0}
}
"""

import json
import math
import os
import pathlib
import random
import signal
import subprocess
import sys

spec = json.loads(pathlib.Path(sys.argv[1]).read_text())
benchmarks = {entry["name"]: entry for entry in spec["benchmarks"]}
misbehave = spec.get("misbehave", {})
HIDDEN = ("per_second", "counters", "error", "not_offered")


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def hang():
    child = subprocess.Popen(["sleep", "1000"])  # which has to end with this program
    pathlib.Path(spec["log"] + ".pids").write_text(f"{os.getpid()} {child.pid}")
    signal.pause()


def misbehave_now(how):
    print("the cellar is flooded", file=sys.stderr, flush=True)
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "exit":
        sys.exit(3)
    elif how == "close":
        sys.exit(0)
    elif how == "hang":
        hang()
    elif how == "long":
        sys.stdout.write("x" * (1 << 21))
        sys.stdout.flush()
        signal.pause()
    elif how == "drip":
        while True:  # never a whole line
            sys.stdout.write("x")
            sys.stdout.flush()
            signal.sigtimedwait([], 0.01)
    else:
        say(how)


def requests_so_far():
    log = pathlib.Path(spec["log"])
    return len(log.read_text().splitlines()) if log.exists() else 0


def starts_so_far():
    """How often this program has served before: the same in every run of a test, so that its chances are."""
    starts = pathlib.Path(f"{sys.argv[1]}.starts")
    count = int(starts.read_text()) if starts.exists() else 0
    starts.write_text(str(count + 1))
    return count


def answer(name, chance):
    entry = benchmarks[name]
    for key in ("error", "not_offered"):
        if key in entry:
            return {"name": name, key: entry[key]}
    # Neighbours slow everybody, and slowly change.
    weather = 1 + spec.get("weather", 0.4) * math.sin(requests_so_far() / 9)
    speed = weather * math.exp(chance.gauss(0, spec.get("noise", 0)))
    counters = {
        key: value / speed if key.endswith("_us") else value for key, value in entry.get("counters", {}).items()
    }
    return {"name": name, "per_second": entry["per_second"] * speed, "counters": counters}


def serve():
    if misbehave.get("at") == "start":
        misbehave_now(misbehave["how"])
    say(json.dumps({"ready": True, "versions": spec.get("versions", {"store": "1.2"})}))
    chance = random.Random(f"{spec.get('seed', 0)} {starts_so_far()}")
    for number, line in enumerate(sys.stdin):
        name = line.rstrip("\n")
        reply = answer(name, chance)
        with open(spec["log"], "a", encoding="utf-8") as log:
            log.write(f"{spec['program']} {name}\n")
        if number == misbehave.get("at"):
            misbehave_now(misbehave["how"])
        else:
            say(json.dumps(reply))
    if misbehave.get("at") == "end":
        misbehave_now(misbehave["how"])


if "--list" in sys.argv:
    if misbehave.get("at") == "list":
        misbehave_now(misbehave["how"])
    for entry in spec["benchmarks"]:
        say(json.dumps({key: value for key, value in entry.items() if key not in HIDDEN}))
else:
    serve()
