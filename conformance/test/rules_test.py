"""aether_rules: the list of the rules, and all of one rule."""

import json
import re

from command_line import ROOT, CommandLineTest, main, programs, run


class Rules(CommandLineTest):
    def rules(self, *words):
        done = run(programs.rules, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_list_has_every_rule_with_the_broken_stores_that_it_catches(self):
        rules = json.loads((ROOT / "spec/rules.json").read_text())["rules"]
        blocks = re.split(r"^(?=[A-Z])", self.rules(), flags=re.MULTILINE)[1:]
        self.assertEqual([block.split()[0] for block in blocks], [rule["id"] for rule in rules])
        for rule, block in zip(rules, blocks):
            self.assertIn(f'{rule["level"]:8}{rule["title"]}\n', block)
            self.assertRegex(block, r"\n +catches \w+")
            for capability in rule["capability"]:
                self.assertRegex(block, rf"\n +needs +.*\b{capability}\b")

    def test_list_picks_by_prefix(self):
        self.assertEqual(re.findall(r"^[A-Z]+-\d+", self.rules("RET", "NS-01"), re.MULTILINE),
                         ["RET-01", "RET-02", "NS-01"])  # fmt: skip

    def test_every_rule_is_explained(self):
        for rule in json.loads((ROOT / "spec/rules.json").read_text())["rules"]:
            text = self.rules("--explain", rule["id"])
            self.assertIn(f'{rule["id"]} ({rule["level"]})  {rule["title"]}\n', text)
            self.assertRegex(text, r"\b(MUST|SHOULD|MAY)\b.*\n")
            self.assertIn("\nWhy: ", text)
            self.assertRegex(text, r"\ntested by +\w+ in conformance/src/properties/\w+\.cc\n")
            self.assertIn(f'\ncheck      {rule["hint"]}\n', text)
            self.assertRegex(text, r"\ncatches +\w+: .")

    def test_unknown_rule_is_refused_with_its_nearest_neighbours(self):
        for word, text in (
            ("ver-03", "did you mean VER-03?"),
            ("VER-33", "did you mean VER-03?"),
            ("CON3", "did you mean CON-03"),
            ("frobnicate", "ids look like VER-03"),
        ):
            self.assert_refused(run(programs.rules, "--explain", word), f'there is no rule "{word}": {text}')
        self.assert_refused(run(programs.rules, "NOPE"), 'no rule begins with "NOPE"')


if __name__ == "__main__":
    main()
