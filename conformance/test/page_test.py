"""index.html in headless Chromium: what it shows, the filter, the keyboard, narrow and dark, and no network.

With --axe FILE, axe.min.js of the npm package axe-core, its rules of accessibility are tried too, in light, dark
and narrow. Debian has no package of it, so that ./kit test leaves it out.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

programs = argparse.Namespace()
WIDE, NARROW = 1200, 390


def make_reports(directory):
    """The reports that the tests look at: one store that passes, two stores of which one fails."""
    options = ("--profile", "quick", "--report")
    subprocess.run([programs.memory, *options, directory / "one"], check=True, capture_output=True)
    subprocess.run(
        [programs.selftest, "--store", "upserts", "--report", directory / "one"], check=True, capture_output=True
    )
    two = [programs.check, "--program", f"memory={programs.memory}", "--program", f"last_write_wins={programs.failing}"]
    done = subprocess.run([*two, *options, directory / "two"], check=False, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        make_reports(cls.directory)
        # How many fail of the rules on races depends on how busy the machine is.
        failing = json.loads((cls.directory / "two" / "report.json").read_text())["stores"][1]["rules"]
        verdicts = [rule["verdict"] for rule in failing]
        cls.rules, cls.passed, cls.failed = len(verdicts), verdicts.count("passed"), verdicts.count("failed")
        cls.not_offered = verdicts.count("not_offered")
        assert cls.failed >= 15 and cls.passed + cls.failed + cls.not_offered == cls.rules, verdicts
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        # No sandbox, since CI runs as root; in containers /dev/shm is small.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        cls.browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        cls.addClassCleanup(cls.browser.quit)

    def open(self, report, width=WIDE, scheme="light"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == NARROW}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.browser.get("about:blank")
        self.browser.get((self.directory / report / "index.html").as_uri())

    def run_script(self, script):
        return self.browser.execute_script(f"return {script}")

    def find(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def shown(self, selector):
        return [element for element in self.find(selector) if element.is_displayed()]

    def choose(self, name, value):
        Select(self.find(f"#filter [name={name}]")[0]).select_by_value(value)

    def counts(self):
        """Of last_write_wins, as the first plot's numbers have them."""
        return f"{self.passed} {self.failed} 0 0 {self.not_offered}"

    def status(self):
        return self.find("#filter [role=status]")[0].text

    def focus_by_tab(self, selector):
        """Presses Tab until the element has the focus."""
        target = self.find(selector)[0]
        for _ in range(400):
            if self.browser.switch_to.active_element == target:
                return target
            self.browser.switch_to.active_element.send_keys(Keys.TAB)
        self.fail(f"Tab does not lead to {selector}")

    def test_verdict_is_in_the_first_screen(self):
        for report, text in (("one", "Conforms: 92 rules hold"), ("two", "1 of 2 stores does not conform")):
            for width in (WIDE, NARROW):
                self.open(report, width)
                (verdict,) = self.find(".verdict")
                self.assertIn(text, verdict.text)
                self.assertLess(verdict.rect["y"] + verdict.rect["height"], 300)

    def test_nothing_is_asked_of_the_network_and_the_console_is_silent(self):
        for report in ("one", "two"):
            self.open(report)
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
        for report in ("one", "two"):
            for width in (WIDE, 700, NARROW):
                for scheme in ("light", "dark"):
                    self.open(report, width, scheme)
                    self.find("#filter [name=open]")[0].click()
                    self.assertLessEqual(self.run_script("document.documentElement.scrollWidth"), width)

    def test_dark_is_dark(self):
        colours = []
        for scheme in ("light", "dark"):
            self.open("one", scheme=scheme)
            colours.append(self.run_script("getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(colours, ["rgb(246, 247, 249)", "rgb(18, 22, 28)"])

    def test_plots_are_drawn_and_their_numbers_can_be_read(self):
        self.open("two")
        self.assertEqual(len(self.find(".plot")), 3)
        for plot in range(3):
            ink = "(canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(x => x))"
            self.assertTrue(self.run_script(f"{ink}(document.querySelectorAll('.plot canvas')[{plot}])"))
            self.assertIn("numbers", self.find(".plot canvas")[plot].get_attribute("aria-label"))
        self.find(".plot summary")[0].click()
        self.assertIn(f"last_write_wins {self.counts()}", self.find(".plot table")[0].text)

    def test_filter_by_verdict_store_area_and_text(self):
        self.open("two")
        self.assertEqual(self.status(), f"{self.rules} rules")
        for name, value, status, failures in (
            ("verdict", "failed", f"{self.failed} of {self.rules} rules", self.failed),
            ("area", "VER", f"2 of {self.rules} rules", 2),
            ("store", "memory", f"0 of {self.rules} rules", 0),
            ("verdict", "", f"8 of {self.rules} rules", 0),
            ("store", "", f"8 of {self.rules} rules", 2),
            ("area", "", f"{self.rules} rules", self.failed),
        ):
            self.choose(name, value)
            self.assertEqual(self.status(), status)
            self.assertEqual(len(self.shown(".failure")), failures)
        self.find("#filter [name=text]")[0].send_keys("Ver-06")
        self.assertEqual([item.get_attribute("id") for item in self.shown(".rule")], ["VER-06"])
        self.find("#filter [name=text]")[0].send_keys(" nothing")
        self.assertEqual(len(self.shown(".item")), 0)
        self.assertEqual(len(self.shown(".nothing")), 2)
        self.assertEqual(len(self.shown("section.area")), 0)

    def test_failure_opens_by_keyboard_and_shows_its_timeline(self):
        self.open("two")
        failure = "#not-passed-1-VER-06"
        self.assertEqual(self.shown(f"{failure} .calls"), [])
        self.focus_by_tab(f"{failure} > summary").send_keys(Keys.ENTER)
        (drawing,) = self.shown(f"{failure} .calls")
        self.assertIn("SaveEvent", drawing.text)
        bar = self.find(f"{failure} .calls i.begins.ends")[0].rect
        self.assertGreater(bar["width"], 8)
        self.assertGreater(bar["height"], 8)
        self.assertIn("rules VER-06 --seed 1", self.find(failure)[0].text)

    def test_history_has_its_picture(self):
        self.open("two")
        self.find("#not-passed-1-HIST-03 > summary")[0].click()
        self.assertEqual(len(self.shown("#not-passed-1-HIST-03 figure svg")), 1)

    def test_skip_link_comes_first_and_leads_to_the_content(self):
        self.open("one")
        self.browser.switch_to.active_element.send_keys(Keys.TAB)
        link = self.browser.switch_to.active_element
        self.assertEqual(link.text, "Skip to the content")
        link.send_keys(Keys.ENTER)
        self.assertEqual(self.browser.switch_to.active_element.get_attribute("id"), "main")

    def test_link_to_a_rule_opens_it_also_when_it_is_filtered_away(self):
        self.open("two")
        self.choose("area", "IMM")
        self.run_script("location.hash = '#VER-06'")
        rule = self.find("#VER-06")[0]
        self.assertTrue(rule.is_displayed())
        self.assertIn("Why:", rule.text)
        self.assertEqual(self.status(), f"{self.rules} rules")

    def test_kill_matrix_is_there_when_the_selftest_is(self):
        self.open("one")
        self.assertIn("1 of 1 stores", self.find("#selftest")[0].text)
        self.open("two")
        self.assertEqual(self.find("#selftest"), [])

    def test_without_its_script_the_page_can_be_read(self):
        self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.open("two")
            self.assertFalse(self.find("#filter")[0].is_displayed())
            self.assertIn(self.counts(), self.find(".plot table")[0].text)
            self.find("#not-passed-1-VER-06 > summary")[0].click()
            self.assertEqual(len(self.shown("#not-passed-1-VER-06 .calls")), 1)
        finally:
            self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    def check_accessibility(self):
        source = programs.axe.read_text()
        run = "axe.run().then(result => done(result.violations.map(v => [v.id, v.nodes.map(n => n.html)])))"
        for report in ("one", "two"):
            for width, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")):
                with self.subTest(report=report, width=width, scheme=scheme):
                    self.open(report, width, scheme)
                    self.find("#filter [name=open]")[0].click()
                    self.browser.execute_script(source + ";window.axe = axe")
                    found = self.browser.execute_async_script(f"const done = arguments[0]; {run}")
                    self.assertEqual(found, [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for program in ("memory", "failing", "check", "selftest"):
        parser.add_argument(f"--{program}", required=True, type=pathlib.Path)
    parser.add_argument("--axe", type=pathlib.Path, help="axe.min.js of the npm package axe-core")
    _, rest = parser.parse_known_args(namespace=programs)
    if programs.axe:
        Page.test_axe_finds_nothing = Page.check_accessibility
    unittest.main(argv=[sys.argv[0], *rest])
