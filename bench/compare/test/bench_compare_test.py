"""aether_bench with programs that measure nothing: in which order, and what it makes of the figures."""

import json

import jsonschema

from bench_support import ROOT, BenchTest, appends, benchmark, main


class Order(BenchTest):
    def test_stores_of_one_case_are_neighbours_and_the_order_alternates(self):
        for store in ("a", "b", "c"):
            self.add(store, appends(store)[:2])
        self.run_bench()
        asked = [name for _, name in self.log()]
        rounds = [asked[i : i + 6] for i in range(0, len(asked), 6)]
        self.assertEqual(len(rounds), 9)
        there = ["a/append/threads:1", "b/append/threads:1", "c/append/threads:1"]
        there8 = [name.replace(":1", ":8") for name in there]
        self.assertEqual(rounds[0], there + there8)
        self.assertEqual(rounds[1], there[::-1] + there8[::-1])
        for i, asked_then in enumerate(rounds):
            self.assertEqual(asked_then, rounds[i % 2])

    def test_earlier_build_is_measured_beside_this_one_by_turns(self):
        self.add("a", appends("a")[:1])
        self.add("b", appends("b")[:1])
        self.add("a", appends("a")[:1], baseline=True)
        self.run_bench("--repetitions", "15")
        asked = [program for program, _ in self.log()]
        rounds = [asked[i : i + 3] for i in range(0, len(asked), 3)]
        self.assertEqual(len(rounds), 15)
        self.assertEqual(rounds[0], ["baseline-a", "a", "b"])
        self.assertEqual(rounds[1], ["b", "a", "baseline-a"])

    def test_limit_is_measured_once_a_round_before_what_it_bounds(self):
        self.add("limits", [benchmark("limits/spare", 5), benchmark("limits/write_sync", 20000)])
        self.add("a", appends("a", limit="write_sync"))
        self.run_bench("--workloads", "append/threads:8")
        asked = [name for _, name in self.log()]
        self.assertEqual(asked, ["limits/write_sync", "a/append/threads:8"] * 9)
        self.assertAlmostEqual(self.figures["a/append/threads:8"]["of_limit"]["median"], 4, delta=0.2)

    def test_workloads_are_named_by_whole_words(self):
        names = ("replay/events:1000", "replay/events:10000", "replay_parsed/events:1000", "append/threads:1")
        self.add("a", [benchmark(f"a/{name}", 1e6) for name in names])
        for words, selected in (("replay/events:1000", names[:1]), ("replay", names[:2]), ("append/", names[3:])):
            self.run_bench("--workloads", words)
            self.assertEqual(list(self.figures), [f"a/{name}" for name in selected])

    def test_quick_leaves_out_what_is_large(self):
        self.add("a", [benchmark(f"a/latest/actors:{n}", 1e6) for n in (10, 100000, 1000000)])
        self.run_bench("--quick")
        self.assertEqual(list(self.figures), ["a/latest/actors:10", "a/latest/actors:100000"])


class Figures(BenchTest):
    def test_median_and_its_interval_come_from_the_repetitions(self):
        self.add("a", appends("a", **{"durability": "device"}), noise=0.1)
        text = self.run_bench()
        figure = self.figures["a/append/threads:8"]
        values = sorted(one["per_second"] for one in figure["repetitions"])
        self.assertEqual(len(values), 9)
        self.assertEqual(figure["per_second"], {"median": values[4], "low": values[1], "high": values[7]})
        waits = [one["counters"] for one in figure["repetitions"]]
        self.assertEqual(figure["counters"]["p99_us"], sorted(one["p99_us"] for one in waits)[4])
        self.assertEqual(figure["counters"]["max_us"], max(one["max_us"] for one in waits))
        self.assertRegex(text, r"append/threads:8 +a +device +[0-9,]+ +±[0-9.]+ %")

    def test_durability_stands_beside_each_figure_and_shares_no_table(self):
        self.add("a", appends("a"))
        self.add("b", appends("b", durability="memory"))
        text = self.run_bench()
        tables = [table for table in text.split("\n\n") if "workload" in table]
        self.assertEqual(len(tables), 2)
        self.assertEqual(tables[0].count(" device "), 3)
        self.assertNotIn(" memory ", tables[0])
        self.assertEqual(tables[1].count(" memory "), 3)

    def test_growth_is_fitted_and_told_when_it_is_worse(self):
        sizes = (1000, 10000, 100000)
        good = [benchmark(f"good/replay/events:{n}", 1e7) for n in sizes]
        good += [benchmark(f"good/latest/actors:{n}", 1e6) for n in sizes]
        bad = [benchmark(f"bad/replay/events:{n}", 1e10 / n) for n in sizes]
        bad += [benchmark(f"bad/latest/actors:{n}", 1e9 / n) for n in sizes]
        self.add("good", good, noise=0.02)
        self.add("bad", bad, noise=0.02)
        text = self.run_bench()
        growth = {(one["store"], one["workload"]): one for one in self.bench["growth"]}
        for key, exponent, worse in (
            (("good", "replay"), 1, False),
            (("good", "latest"), 0, False),
            (("bad", "replay"), 2, True),
            (("bad", "latest"), 1, True),
        ):
            self.assertAlmostEqual(growth[key]["exponent"]["median"], exponent, delta=0.1)
            self.assertEqual(growth[key]["worse"], worse, key)
        self.assertEqual(text.count("WORSE THAN IT SHOULD BE"), 2)

    def test_growth_that_begins_late_is_seen(self):
        speeds = {1: 1e6, 10: 1e6, 100: 1e6, 1000: 1e6, 10000: 1e6, 100000: 1e5}
        self.add("late", [benchmark(f"late/latest/actors:{n}", speed) for n, speed in speeds.items()])
        self.run_bench()
        self.assertTrue(self.bench["growth"][0]["worse"])

    def test_caches_are_no_growth(self):
        """A table in memory gets slower from one cache to the next, and is no worse than it should be."""
        waits = {1: 30, 10: 30, 100: 32, 1000: 40, 10000: 70, 100000: 180}
        self.add("table", [benchmark(f"table/latest/actors:{n}", 1e9 / wait) for n, wait in waits.items()], noise=0.05)
        self.run_bench()
        self.assertFalse(self.bench["growth"][0]["worse"])

    def test_markdown_has_date_environment_and_figures(self):
        self.add("limits", [benchmark("limits/write_sync", 20000)])
        self.add("a", appends("a", limit="write_sync"))
        self.run_bench("--markdown", self.directory / "performance.md")
        text = (self.directory / "performance.md").read_text()
        self.assertIn(self.bench["run"]["started"], text)
        self.assertIn(self.bench["run"]["environment"]["cpu"], text)
        self.assertIn("### Figures on the device", text)
        self.assertRegex(text, r"\| Append, distinct actors, 8 threads \| a \| device \| [0-9,]+ \|")
        self.assertIn("| write_sync |", text)


class EarlierBuild(BenchTest):
    NOISE = 0.06  # of each figure; the weather changes by 40 % besides

    def compare(self, factor, seed, exit_code):
        names = [f"append/threads:{n}" for n in (1, 8, 64)] + [f"append_size/bytes:{n}" for n in (256, 4096, 65536)]
        now = [benchmark(f"file/{name}", 10000 * (factor if name == "append/threads:8" else 1)) for name in names]
        before = [benchmark(f"file/{name}", 10000) for name in names]
        self.options = []
        for past in ("log.txt", "file.json.starts", "baseline-file.json.starts"):
            (self.directory / past).unlink(missing_ok=True)
        self.add("file", now, noise=self.NOISE, seed=seed)
        self.add("file", before, baseline=True, noise=self.NOISE, seed=seed + 1)
        text = self.run_bench(exit_code=exit_code)
        (comparison,) = self.bench["comparisons"]
        self.assertEqual(len(comparison["figures"]), 6)
        return text, [figure["name"] for figure in comparison["figures"] if figure["slower"]]

    def test_planted_slow_down_is_found_and_named(self):
        for seed in (10, 20, 30):
            text, slower = self.compare(1 / 1.15, seed, exit_code=1)
            self.assertEqual(slower, ["file/append/threads:8"])
            self.assertIn("SLOWER  file/append/threads:8", text)

    def test_same_build_gives_no_alarm(self):
        for seed in range(100, 120, 2):
            text, slower = self.compare(1, seed, exit_code=0)
            self.assertEqual(slower, [])
            self.assertIn("nothing of 6 got slower", text)

    def test_faster_is_no_alarm(self):
        _, slower = self.compare(1.5, 1, exit_code=0)
        self.assertEqual(slower, [])

    def test_slower_by_less_than_the_threshold_is_no_alarm(self):
        self.add("file", [benchmark("file/append", 9700)])
        self.add("file", [benchmark("file/append", 10000)], baseline=True)
        self.run_bench()
        (figure,) = self.bench["comparisons"][0]["figures"]
        self.assertLess(figure["p_holm"], 0.05)
        self.assertFalse(figure["slower"])
        self.run_bench("--threshold", "2", exit_code=1)
        self.assertTrue(self.bench["comparisons"][0]["figures"][0]["slower"])

    def test_processes_are_several_so_that_none_has_luck_for_the_whole_run(self):
        log = self.directory / "started.txt"
        path = self.add("file", appends("file"))
        self.add("file", appends("file"), baseline=True)
        path.write_text(path.read_text().replace("exec", f'echo "$1" >> "{log}"\nexec'))
        self.run_bench("--repetitions", "15")
        self.assertEqual(log.read_text().split().count("--serve"), 5)

    def test_what_has_no_counterpart_is_told(self):
        self.add("file", [benchmark("file/append", 1), benchmark("file/new", 1)])
        self.add("file", [benchmark("file/append", 1), benchmark("file/old", 1)], baseline=True)
        self.run_bench()
        self.assertEqual(
            self.bench["comparisons"][0]["not_compared"],
            ["file/new: not in the earlier build", "file/old: only in the earlier build"],
        )

    def test_too_few_repetitions_are_refused(self):
        self.add("file", appends("file"))
        self.add("file", appends("file"), baseline=True)
        self.refuse("--repetitions: 9 are too few; 15 are needed", "--repetitions", "9")

    def test_earlier_build_of_what_is_not_run_is_refused(self):
        self.add("file", appends("file"))
        self.add("memory", appends("memory"), baseline=True)
        self.refuse("there is no --program memory to compare with")


class EarlierRun(BenchTest):
    def run_once(self, speed, limit, *options, exit_code=0):
        self.options = []
        self.add("limits", [benchmark("limits/write_sync", limit)], weather=0)
        self.add("file", [*appends("file", speed, limit="write_sync"), benchmark("file/notices", 5)], weather=0)
        return self.run_bench(*options, exit_code=exit_code)

    def earlier(self):
        self.run_once(10000, 20000)
        path = self.directory / "earlier.json"
        path.write_text((self.report / "bench.json").read_text())
        return path

    def test_slower_machine_is_no_alarm_and_slower_store_is(self):
        earlier = self.earlier()
        self.run_once(5000, 10000, "--baseline", earlier)
        text = self.run_once(6500, 20000, "--baseline", earlier, exit_code=1)
        self.assertEqual(text.count("SLOWER"), 3)
        self.run_once(6500, 20000, "--baseline", earlier, "--threshold", "40")
        self.run_once(8000, 20000, "--baseline", earlier)

    def test_figure_without_a_limit_cannot_be_compared(self):
        earlier = self.earlier()
        self.run_once(10000, 20000, "--baseline", earlier)
        (comparison,) = self.bench["comparisons"]
        self.assertEqual(comparison["not_compared"], ["file/notices: no limit was measured beside it"])
        self.assertEqual(len(comparison["figures"]), 3)

    def test_broken_and_foreign_files_are_refused(self):
        self.add("file", appends("file"))
        earlier = self.directory / "earlier.json"
        self.refuse("cannot read", "--baseline", earlier)
        for content in ("{", "[]", '{"stores": []}', '{"format": "aether-bench/1"}',
                        '{"format": "aether-bench/1", "figures": [{"name": 7}]}',
                        '{"format": "aether-bench/9", "figures": []}'):
            earlier.write_text(content)
            self.refuse("is no bench.json", "--baseline", earlier)


class Aims(BenchTest):
    def judge(self, *aims, exit_code=0):
        file = self.directory / "aims.json"
        file.write_text(json.dumps([{"id": f"aim-{i}", "text": f"aim {i}", **aim} for i, aim in enumerate(aims)]))
        self.text = self.run_bench("--aims", file, exit_code=exit_code)
        return self.bench["aims"]

    def setUp(self):
        super().setUp()
        self.add("file", [benchmark("file/append", 13000, p50_us=100, p99_us=250), benchmark("file/open", 1, open_ms=8)])
        self.add("peer", [benchmark("peer/append", 10000, p99_us=200)])
        self.add("other", [benchmark("other/append", 8000, p99_us=300)])

    def outcomes(self, *aims):
        return [(one["outcome"], one["against"]) for one in self.judge(*aims)]

    def test_ratio_is_to_the_best_of_several(self):
        peers = ["peer/append", "other/append"]
        self.assertEqual(
            self.outcomes(
                {"of": "file/append", "to": peers, "at_least": 1.25},
                {"of": "file/append", "to": peers, "at_least": 1.4},
                {"of": "file/append", "to": "other/append", "at_least": 1.4},
                {"of": "file/append", "to": peers, "statistic": "p99_us", "at_most": 1.1},
            ),
            [("met", "peer/append"), ("not met", "peer/append"), ("met", None), ("not met", "peer/append")],
        )

    def test_figure_itself_and_two_of_its_statistics_can_be_bounded(self):
        self.assertEqual(
            [outcome for outcome, _ in self.outcomes(
                {"of": "file/open", "statistic": "open_ms", "at_most": 10},
                {"of": "file/append", "statistic": "p99_us", "to": "file/append", "to_statistic": "p50_us", "at_most": 3},
                {"of": "file/append", "statistic": "p99_us", "to": "file/append", "to_statistic": "p50_us", "at_most": 2},
            )],
            ["met", "met", "not met"],
        )

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        one, two, three = self.judge(
            {"of": "file/nothing", "at_least": 1, "note": "later"},
            {"of": "file/append", "to": ["peer/append", "redis/append"], "at_least": 1},
            {"of": "file/append", "statistic": "p50_ms", "at_least": 1},
        )
        self.assertEqual((one["outcome"], one["missing"]), ("not measured", ["file/nothing"]))
        self.assertEqual((two["outcome"], two["missing"]), ("met", ["redis/append"]))
        self.assertEqual((three["outcome"], three["missing"]), ("not measured", ["file/append p50_ms"]))
        self.assertIn("against peer/append, without redis\n", self.text)

    def test_files_that_are_wrong_are_refused(self):
        file = self.directory / "aims.json"
        for content, text in (
            ("nonsense", "parse error"),
            ("[]", "there is no aim in it"),
            ('[{"id": "a", "text": "t", "of": "x"}]', "a needs one of at_least and at_most"),
            ('[{"id": "a", "text": "t", "of": "x", "at_leest": 1}]', '"at_leest" is no part of an aim'),
        ):
            file.write_text(content)
            self.refuse(text, "--aims", file)

    def test_aims_of_the_project_can_be_read(self):
        aims = ROOT / "bench/aims.json"
        schema = json.loads((ROOT / "bench/aims.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(json.loads(aims.read_text()))
        self.run_bench("--aims", aims)
        self.assertGreater(len(self.bench["aims"]), 20)
        ids = [aim["id"] for aim in self.bench["aims"]]
        self.assertEqual(len(ids), len(set(ids)))


if __name__ == "__main__":
    main()
