"""A benchmark program: what it lists, how it serves, and what it says of wrong use."""

import json
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)  # of the in-memory store


def run(*arguments, lines=()):
    return subprocess.run(
        [PROGRAM, *arguments], input="".join(line + "\n" for line in lines), capture_output=True, text=True, timeout=300
    )


class ProgramTest(unittest.TestCase):
    def test_lists_each_benchmark_with_its_durability(self):
        listed = [json.loads(line) for line in run("--list").stdout.splitlines()]
        names = [benchmark["name"] for benchmark in listed]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("memory/append/threads:64", names)
        for benchmark in listed:
            self.assertEqual(benchmark["durability"], "memory")
            parts = [benchmark["store"], benchmark["workload"]]
            if benchmark["parameter"]:
                parts.append(f"{benchmark['parameter']}:{benchmark['value']}")
            self.assertEqual(benchmark["name"], "/".join(parts))

    def test_serves_one_answer_a_line(self):
        wanted = ["memory/append/threads:8", "memory/replay/events:1000", "memory/nothing", "memory/append/threads:8"]
        done = run("--serve", "--seconds", "0.01", lines=wanted)
        ready, *answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertTrue(ready["ready"])
        self.assertEqual([answer["name"] for answer in answers], wanted)
        self.assertGreater(answers[0]["per_second"], 0)
        self.assertGreater(answers[0]["counters"]["p99_us"], 0)
        self.assertEqual(answers[2]["error"], "there is no such benchmark")
        self.assertEqual(done.returncode, 0)

    def test_runs_alone_under_google_benchmark(self):
        done = run("--seconds", "0.01", "--benchmark_filter=latest/actors:10/", "--benchmark_format=json")
        benchmark = json.loads(done.stdout)["benchmarks"][0]
        self.assertTrue(benchmark["name"].startswith("memory/latest/actors:10/"))
        self.assertGreater(benchmark["per_second"], 0)

    def test_wrong_use_is_named(self):
        for arguments, complaint in (
            (["--seconds", "soon"], '"soon" is not a number of seconds'),
            (["--seconds"], "--seconds needs a value"),
            (["--serve", "--wrong"], 'no option "--wrong"'),
            (["--wrong"], "--wrong"),
        ):
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(complaint, done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
