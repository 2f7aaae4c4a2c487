"""aether_bench: programs that break, wrong usage, progress, and interrupts."""

import os
import pathlib
import pty
import signal
import subprocess

from bench_support import ROOT, TIME_LIMIT, BenchTest, appends, benchmark, main, programs, wait_until


def has_ended(pid):
    """Whether the process is gone, or only waits to be asked for by its parent."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Broken(BenchTest):
    def run_with(self, how, at=10, *options):
        """One program that misbehaves beside one that does not."""
        self.add("bad", appends("bad"), misbehave={"how": how, "at": at})
        self.add("good", appends("good"))
        return self.run_bench(*options, exit_code=2)

    def check_bad_is_told_and_good_is_complete(self, text, *words):
        for word in words:
            self.assertIn(word, text)
        self.assertIn("BROKEN  bad: during bad/append/threads:", text)
        for n in (1, 8, 64):
            self.assertEqual(len(self.figures[f"good/append/threads:{n}"]["repetitions"]), 9)
            bad = self.figures[f"bad/append/threads:{n}"]
            self.assertLess(len(bad["repetitions"]), 9)
            self.assertIn("bad: during", bad["trouble"])
        self.assertFalse(self.bench["run"]["complete"])

    def test_program_that_dies_is_named_and_the_others_go_on(self):
        text = self.run_with("die")
        self.check_bad_is_told_and_good_is_complete(text, "died of Killed", "the cellar is flooded")
        self.assertIn("of 9 repetitions", text)

    def test_program_that_ends_early_is_named(self):
        self.check_bad_is_told_and_good_is_complete(self.run_with("exit"), "ended with exit code 3")

    def test_program_that_ends_early_and_well_is_named_too(self):
        self.check_bad_is_told_and_good_is_complete(self.run_with("close"), "ended early")

    def test_program_that_hangs_is_ended_with_its_children(self):
        text = self.run_with("hang", 10, "--time-limit", "1")
        self.check_bad_is_told_and_good_is_complete(text, "did not answer within 1 s")
        for pid in (self.directory / "log.txt.pids").read_text().split():
            wait_until(lambda pid=pid: has_ended(pid))

    def test_program_that_never_ends_its_line_hangs_too(self):
        text = self.run_with("drip", 10, "--time-limit", "1")
        self.check_bad_is_told_and_good_is_complete(text, "did not answer within 1 s")

    def test_nonsense_is_no_figure(self):
        for how in (
            "hello",
            "[1, 2]",
            '{"name": "bad/append/threads:99", "per_second": 1}',
            '{"name": "bad/append/threads:8", "per_second": null}',
            '{"name": "bad/append/threads:8", "per_second": 0}',
            '{"name": "bad/append/threads:8", "per_second": -1}',
            '{"name": "bad/append/threads:8", "per_second": "fast"}',
            '{"name": "bad/append/threads:8", "per_second": 1, "counters": {"p50_us": "low"}}',
            '{"name": "bad/append/threads:8", "per_second": 1, "counters": [1]}',
            "long",
        ):
            with self.subTest(how):
                self.options = []
                text = self.run_with(how)
                self.check_bad_is_told_and_good_is_complete(text, "was ended since it")

    def test_benchmark_that_gives_an_error_is_not_asked_again(self):
        self.add("a", [*appends("a"), {**benchmark("a/notices", 1), "error": "no notices here"}])
        text = self.run_bench(exit_code=2)
        self.assertIn("BROKEN  a/notices: no notices here", text)
        self.assertEqual([name for _, name in self.log()].count("a/notices"), 1)
        self.assertEqual(self.figures["a/notices"]["trouble"], "no notices here")
        self.assertIsNone(self.figures["a/notices"]["per_second"])
        self.assertEqual(len(self.figures["a/append/threads:8"]["repetitions"]), 9)

    def test_what_a_store_does_not_offer_is_no_fault(self):
        self.add("a", [*appends("a"), {**benchmark("a/notices", 1), "not_offered": "it cannot subscribe"}])
        text = self.run_bench()
        self.assertIn("not offered  a/notices: it cannot subscribe", text)
        self.assertEqual([name for _, name in self.log()].count("a/notices"), 1)
        self.assertEqual(self.figures["a/notices"]["not_offered"], "it cannot subscribe")
        self.assertTrue(self.bench["run"]["complete"])

    def test_bad_end_is_told_and_its_figures_stay(self):
        text = self.run_with("exit", "end")
        self.assertIn("BROKEN  bad: at its end the program ended with exit code 3", text)
        self.assertEqual(len(self.figures["bad/append/threads:8"]["repetitions"]), 9)

    def test_program_that_cannot_list_or_start_ends_the_run_before_it_begins(self):
        for how, at, text in (
            ("exit", "list", "bad: --list failed: the program ended with exit code 3"),
            ("hello", "list", "bad: --list printed nonsense (it is no JSON object): hello"),
            ('{"name": "x/y", "store": "x", "workload": "y", "unit": "e", "durability": "oak"}', "list",
             '"oak" is no durability'),
            ("exit", "start", "bad: during its start the program ended with exit code 3"),
            ("hello", "start", "bad: during its start the program was ended since it printed"),
        ):
            with self.subTest(f"{how} {at}"):
                self.options = []
                self.add("bad", appends("bad"), misbehave={"how": how, "at": at})
                self.refuse(text)

    def test_program_that_is_not_there_is_told(self):
        self.options = ["--program", "ghost=/nowhere/ghost"]
        self.refuse("cannot run /nowhere/ghost")

    def test_scratch_is_gone_afterwards(self):
        self.run_with("die")
        self.assertEqual([path for path in self.directory.iterdir() if path.name.startswith("aether-bench")], [])


class Usage(BenchTest):
    def test_mistakes_are_told_before_anything_runs(self):
        self.refuse("--program")
        self.add("a", appends("a"))
        self.add("b", appends("a"))
        self.refuse("two benchmarks are called a/append/threads:1, of the programs a and b")
        self.options = []
        self.add("a", appends("a"))
        self.refuse('--workloads: no benchmark of these programs begins with the words "apend"', "--workloads", "append,apend")
        self.refuse("--repetitions: 8 are too few; 9 are needed", "--repetitions", "8")
        self.refuse('"file" is not NAME=PATH', "--program", "file")
        self.refuse("a is named twice", *self.options)
        self.refuse("--seconds", "--seconds", "0")
        self.refuse("--frobnicate", "--frobnicate")

    def test_nothing_selected_is_an_error(self):
        self.add("limits", [benchmark("limits/write_sync", 1)])
        self.refuse("nothing is selected")
        self.options = []
        self.add("a", [benchmark("a/latest/actors:1000000", 1)])
        self.refuse("nothing is selected", "--quick")

    def test_report_that_cannot_be_written_is_told(self):
        self.add("a", appends("a"))
        (self.directory / "file").write_text("in the way")
        self.refuse("--report: cannot make the directory", "--report", self.directory / "file" / "report")
        self.refuse("--markdown: cannot make the directory", "--markdown", self.directory / "file" / "x" / "a.md")

    def test_command_is_told_as_it_was_typed(self):
        self.add("a", appends("a"))
        self.run_bench(AETHER_COMMAND="./kit bench a")
        self.assertEqual(self.bench["run"]["command"], "./kit bench a")
        self.run_bench("--aims", ROOT / "bench/aims.json", "--workloads", "append/threads:8,append/")
        self.assertIn("--workloads append/threads:8,append/", self.bench["run"]["command"])

    def test_help_is_no_error(self):
        done = subprocess.run([programs.bench, "--help"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--baseline-program", done.stdout)


class Progress(BenchTest):
    def test_lines_come_now_and_then_where_no_terminal_is(self):
        self.add("a", appends("a"))
        self.run_bench()
        self.assertRegex(self.error, r"^round 1/9  a/append/threads:1  \d+ s left\n$")

    def test_terminal_has_one_line_that_is_written_over(self):
        self.add("a", appends("a"))
        ours, theirs = pty.openpty()
        subprocess.run(self.command(), stdout=subprocess.DEVNULL, stderr=theirs, timeout=TIME_LIMIT, check=True)
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # how Linux tells that nobody writes any more
            pass
        os.close(ours)
        lines = shown.decode().split("\r\x1b[K")
        self.assertEqual(len(lines), 1 + 27 + 1)
        self.assertRegex(lines[27], r"^round 9/9  a/append/threads:64  0 s left$|^round 9/9  a/append/threads:64  1 s left$")
        self.assertEqual(lines[-1], "")


class Interrupts(BenchTest):
    def start_and_wait(self):
        """A run of which one program hangs at its 11th request. Answers it and the pids of what hangs."""
        self.add("slow", appends("slow"), misbehave={"how": "hang", "at": 10})
        self.add("quick", appends("quick"))
        run = subprocess.Popen(
            self.command("--report", self.report), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        pids = self.directory / "log.txt.pids"
        wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        return run, pids.read_text().split()

    def test_interrupted_run_tells_what_it_measured(self):
        run, pids = self.start_and_wait()
        run.send_signal(signal.SIGINT)
        text, _ = run.communicate(timeout=TIME_LIMIT)
        self.assertEqual(run.returncode, 2)
        self.assertIn("Incomplete: the run was interrupted.", text)
        self.assertIn("3 of 9 repetitions", text)
        self.read_report()
        self.assertTrue(self.bench["run"]["interrupted"])
        self.assertFalse(self.bench["run"]["complete"])
        self.assertIn("Incomplete", (self.report / "index.html").read_text())
        for pid in pids:
            wait_until(lambda pid=pid: has_ended(pid))

    def test_programs_end_with_a_run_that_is_killed(self):
        run, (program, child) = self.start_and_wait()
        run.kill()
        run.communicate(timeout=TIME_LIMIT)
        wait_until(lambda: has_ended(program))
        os.kill(int(child), signal.SIGKILL)  # what a program starts is its own to look after


if __name__ == "__main__":
    main()
