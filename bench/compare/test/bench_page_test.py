"""index.html of a benchmark run in headless Chromium: what it shows, narrow and dark, and no network."""

import json

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from bench_support import BenchTest, benchmark, main, wait_until

WIDE, NARROW = 1200, 390
LATENCY = {"p10_us": 80, "p50_us": 100, "p90_us": 130, "p99_us": 250, "p999_us": 500, "max_us": 4000}


class Page(BenchTest):
    @classmethod
    def setUpClass(cls):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        # No sandbox, since CI runs as root; in containers /dev/shm is small.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        cls.browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        cls.addClassCleanup(cls.browser.quit)

    def make_report(self):
        """Two stores on the device, two in memory with curves, and a limit."""
        self.add("limits", [benchmark("limits/write_sync", 9000)])
        for store in ("file", "sqlite"):
            appends = [benchmark(f"{store}/append/threads:{n}", 7000 * n, "device", "write_sync", **LATENCY) for n in (1, 8)]
            self.add(store, [*appends, benchmark(f"{store}/notices", 900, fairness=0.98)], noise=0.05)
        for store in ("memory", "map"):
            curve = [benchmark(f"{store}/latest/actors:{n}", 1e6, "memory") for n in (1, 10, 100)]
            self.add(store, [benchmark(f"{store}/append/threads:1", 4e6, "memory", **LATENCY), *curve], noise=0.05)
        aims = self.directory / "aims.json"
        aim = {"id": "a", "text": "File: of the <limit>", "of": "file/append/threads:1", "to": "limits/write_sync"}
        aims.write_text(json.dumps([{**aim, "at_least": 0.1}, {**aim, "id": "b", "at_least": 2}]))
        self.run_bench("--aims", aims)

    def open(self, width=WIDE, scheme="light"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == NARROW}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.browser.get("about:blank")
        self.browser.get((self.report / "index.html").as_uri())

    def find(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return [element.text for element in self.find(selector)]

    def test_nothing_is_asked_of_the_network_and_the_console_is_silent(self):
        self.make_report()
        for width, scheme in ((WIDE, "light"), (NARROW, "dark")):
            self.open(width, scheme)
            self.browser.get_log("performance")
            self.browser.get_log("browser")
            self.browser.refresh()
            messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
            asked = [
                message["params"]["request"]["url"]
                for message in messages
                if message["method"] == "Network.requestWillBeSent"
            ]
            local = self.browser.current_url
            self.assertIn(local, asked, "the log tells of no request at all")
            self.assertEqual([url for url in asked if url != local and not url.startswith("data:")], [])
            self.assertEqual(self.browser.get_log("browser"), [])

    def test_page_fits_its_screen(self):
        self.make_report()
        for width in (WIDE, NARROW):
            self.open(width)
            self.assertLessEqual(self.browser.execute_script("return document.documentElement.scrollWidth"), width)

    def test_durabilities_share_no_chart_and_each_says_its_own(self):
        self.make_report()
        self.open()
        self.assertEqual(self.texts("#device .plot small")[-1], "on the device")
        titles = [text.split("\n")[0] for text in self.texts("#device .plot figcaption")]
        self.assertEqual(titles, ["Append, distinct actors, 1 thread", "Append, distinct actors, 8 threads", "notices"])
        self.assertEqual([text.split("\n")[0] for text in self.texts("#memory .plot figcaption")],
                         ["Append, distinct actors, 1 thread"])
        self.assertEqual(self.texts("#growth .plot small"), ["in memory"])
        shown = self.browser.execute_script("return charts.map(({chart}) => chart.data.labels || [])")
        for stores in shown:
            self.assertFalse({"file", "sqlite"} & set(stores) and {"memory", "map"} & set(stores), stores)
        for durability in ("device", "memory"):
            rows = self.texts(f"#{durability} tbody tr:not(.case) td:nth-child(2)")
            self.assertEqual(set(rows), {durability})

    def test_charts_are_drawn_and_named(self):
        self.make_report()
        self.open()
        # Throughput and latency of three cases on the device of which one has no latency, one in memory, a curve.
        canvases = self.find("canvas[role=img]")
        self.assertEqual(len(canvases), 8)
        drawn = """return [...document.querySelectorAll('canvas')].map((canvas) => {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return data.some((value) => value !== 0);
        })"""
        self.assertEqual(set(self.browser.execute_script(drawn)), {True})
        for canvas in canvases:
            self.assertIn("the numbers are in the table below", canvas.get_attribute("aria-label"))

    def test_change_of_colours_redraws(self):
        self.make_report()
        self.open()
        colour = "return charts[0].chart.data.datasets[0].backgroundColor"
        light = self.browser.execute_script(colour)
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        wait_until(lambda: self.browser.execute_script(colour) != light)
        self.assertEqual(self.browser.get_log("browser"), [])

    def test_aims_and_their_outcomes_are_shown(self):
        self.make_report()
        self.open()
        self.assertEqual(self.texts("#aims tbody .mark"), ["met", "not met"])
        self.assertEqual(set(self.texts("#aims tbody th")), {"File: of the <limit>"})

    def test_without_its_script_the_page_can_be_read(self):
        self.make_report()
        self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.open()
            self.assertEqual(self.find("canvas"), [])
            (limits,) = [row for row in self.texts("#device tbody tr") if row.startswith("write_sync")]
            self.assertIn("device", limits)
            self.assertIn("fairness 0.98", self.find("#device table")[0].text)
        finally:
            self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    def test_skip_link_comes_first_and_leads_to_the_content(self):
        self.make_report()
        self.open()
        self.browser.switch_to.active_element.send_keys(Keys.TAB)
        link = self.browser.switch_to.active_element
        self.assertEqual(link.text, "Skip to the content")
        link.send_keys(Keys.ENTER)
        self.assertEqual(self.browser.switch_to.active_element.get_attribute("id"), "main")

    def test_what_got_slower_is_the_headline(self):
        self.add("file", [benchmark("file/append", 80)])
        self.add("file", [benchmark("file/append", 100)], baseline=True)
        self.run_bench(exit_code=1)
        self.open()
        self.assertIn("1 figure got slower", self.find(".verdict")[0].text)
        self.assertIn("slower", self.find("#comparison tbody tr")[0].text)

    def test_broken_program_is_told_before_the_figures(self):
        self.add("bad", [benchmark("bad/append", 80)], misbehave={"how": "<b>&", "at": 3})
        self.run_bench(exit_code=2)
        self.open()
        self.assertIn("1 benchmark lacks some or all of 9 repetitions", self.find(".verdict")[0].text)
        self.assertIn("<b>&", self.find("pre.note")[0].text)


if __name__ == "__main__":
    main()
