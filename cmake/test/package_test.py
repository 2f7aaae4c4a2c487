"""Installs the kit from a build directory into a new place, and builds a project outside that uses it.

    package_test.py BUILD_DIR SOURCE_DIR COMPILER [LAUNCHER]

Says of each way (find_package, add_subdirectory, FetchContent) whether the project builds and runs, and what it
gets into its build that it did not ask for.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, SOURCE = (pathlib.Path(path) for path in sys.argv[1:3])
COMPILER = [f"-DCMAKE_CXX_COMPILER={sys.argv[3]}"]
LAUNCHER = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={sys.argv[4]}"] if len(sys.argv) > 4 and sys.argv[4] else []
CONSUMER = SOURCE / "cmake/test/consumer"
JETSTREAM = (BUILD / "reference/jetstream/libaether_jetstream_store.a").exists()
BENCH = (BUILD / "bench/libaether_bench.a").exists()
COMPONENTS = ["spec", "dev", "tools"] + (["jetstream-dev"] if JETSTREAM else [])


def run(*command):
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.temp.name) / "prefix"
        for component in COMPONENTS:
            code, output = run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", component)
            if code != 0:
                raise RuntimeError(output)

    @classmethod
    def tearDownClass(cls):
        cls.temp.cleanup()

    def configure(self, how, *options, prefix=None):
        """The code and output of cmake, run on the consumer; its build directory is self.dir."""
        self.dir = pathlib.Path(self.temp.name) / self.id().rsplit(".", 1)[-1]
        shutil.rmtree(self.dir, ignore_errors=True)
        return run(
            *("cmake", "-G", "Ninja", "-S", CONSUMER, "-B", self.dir, f"-DHOW={how}", *COMPILER, *options),
            f"-DCMAKE_PREFIX_PATH={prefix or self.prefix}",
            f"-DAETHER_SOURCE={SOURCE}",
            f"-DSAMPLES={SOURCE / 'docs/samples'}",
        )

    def must(self, done):
        code, output = done
        self.assertEqual(code, 0, output)
        return output

    def expect_not_looked_for(self, pattern):
        lines = (self.dir / "CMakeCache.txt").read_text().splitlines()
        found = [line for line in lines if not line.startswith(("//", "#")) and re.search(pattern, line, re.IGNORECASE)]
        self.assertEqual(found, [])

    def own_commands(self):
        """How the consumer's own sources are compiled."""
        commands = json.loads((self.dir / "compile_commands.json").read_text())
        return [c["command"] for c in commands if c["file"].startswith((f"{CONSUMER}/", f"{SOURCE}/docs/"))]

    def expect_no_flags_of_ours(self):
        self.assertTrue(self.own_commands())
        for command in self.own_commands():
            flags = re.findall(r" (-[^\s]+)", command)
            # What a target has to hand on: headers, whose warnings are none of the consumer's; the standard; and
            # a macro of GoogleTest's.
            needed = r"-isystem|-std=gnu\+\+20|-DGTEST_.*|-[oc]"
            handed_on = [flag for flag in flags if not re.fullmatch(needed, flag)]
            self.assertEqual(handed_on, [], command)

    # ---- find_package

    def test_find_package_conforms(self):
        """A conformance program in ten lines and a line of CMake, with its label, time-out and reports."""
        self.must(self.configure("find_package", "-DCONFORMANCE=ON", "-DSTORES=ON"))
        self.must(run("ninja", "-C", self.dir))
        self.expect_no_flags_of_ours()
        self.assertIn("account-1", self.must(run(self.dir / "contract_user")))
        self.must(run(self.dir / "stores_user", self.dir / "store"))
        output = self.must(run("ctest", "--test-dir", self.dir, "-L", "aether", "-L", "stores", "-V"))
        self.assertRegex(output, r"VER +8/8")
        for report in ("report.json", "index.html", "junit.xml"):
            self.assertTrue((self.dir / "reports/my_store" / report).exists(), report)
        listed = json.loads(self.must(run("ctest", "--test-dir", self.dir, "--show-only=json-v1")))
        properties = {p["name"]: p["value"] for p in listed["tests"][0]["properties"]}
        self.assertEqual(properties["TIMEOUT"], 300)
        self.assertEqual(properties["LABELS"], ["aether", "stores"])

    def test_a_program_without_the_macro_does_not_link(self):
        self.must(self.configure("find_package", "-DFORGOTTEN=ON"))
        code, output = run("ninja", "-C", self.dir, "forgotten_conformance")
        self.assertNotEqual(code, 0)
        said = [line for line in output.splitlines() if "undefined" in line]
        self.assertEqual(len(said), 1, output)
        self.assertIn("kExactlyOne_AETHER_CONFORMANCE_AtGlobalScope", said[0])

    def test_wrong_arguments_of_the_helper_are_told(self):
        self.must(self.configure("find_package"))
        base = self.dir / "base"
        base.mkdir()
        for call, why in (
            ("t", "it needs SOURCES"),
            ("t SOURCES a.cc PROFILE fast", 'PROFILE "fast" is none of quick, standard'),
            ("t SOURCES a.cc TIMEOUT 5m", 'TIMEOUT "5m" is not a number of seconds'),
            ("t a.cc", 'it takes no "a.cc"'),
        ):
            (base / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\n"
                f"find_package(aether REQUIRED)\naether_add_conformance_test({call})\n"
            )
            code, output = run(
                *("cmake", "-G", "Ninja", "-S", base, "-B", base / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}"),
                *COMPILER,
            )
            self.assertNotEqual(code, 0)
            self.assertIn(why, " ".join(output.split()))

    def test_find_package_looks_for_nothing_of_jetstream(self):
        self.must(self.configure("find_package"))
        self.expect_not_looked_for(r"nats|openssl|pkg_config")

    def test_find_package_contract_needs_no_test_library(self):
        without = ("-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_rapidcheck=ON")
        self.must(self.configure("find_package", "-DCOMPONENTS=contract", *without))
        self.must(run("ninja", "-C", self.dir, "contract_user"))
        self.must(run(self.dir / "contract_user"))
        self.expect_not_looked_for(r"gtest_dir|rapidcheck_dir|cli11")

    def test_without_components_a_missing_test_library_is_told_where_it_matters(self):
        without = "-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON"
        self.must(self.configure("find_package", without))
        code, output = self.configure("find_package", without, "-DCONFORMANCE=ON")
        self.assertNotEqual(code, 0)
        self.assertIn("it needs GoogleTest 1.12 or newer, which was not found", " ".join(output.split()))

    def test_a_component_that_cannot_be_had_is_told(self):
        for component, option, why in (
            ("conformance", "-DCMAKE_DISABLE_FIND_PACKAGE_rapidcheck=ON", "it needs RapidCheck"),
            ("nope", "-DSTORES=OFF", "there is none of that name, only contract, conformance, bench and jetstream"),
            ("contract", "-DCMAKE_DISABLE_FIND_PACKAGE_simdjson=ON", "it needs simdjson"),
        ):
            code, output = self.configure("find_package", f"-DCOMPONENTS={component}", option)
            self.assertNotEqual(code, 0)
            self.assertIn(f"aether's component {component}: {why}", " ".join(output.split()))

    def test_jetstream_that_is_not_installed_is_told(self):
        prefix = pathlib.Path(self.temp.name) / "no_jetstream"
        self.must(run("cmake", "--install", BUILD, "--prefix", prefix, "--component", "dev"))
        code, output = self.configure("find_package", "-DCOMPONENTS=jetstream", prefix=prefix)
        self.assertNotEqual(code, 0)
        self.assertIn("aether's component jetstream: it is not installed", " ".join(output.split()))

    @unittest.skipUnless(BENCH, "this build has no benchmarks")
    def test_find_package_bench(self):
        self.must(self.configure("find_package", "-DCOMPONENTS=bench", "-DBENCH=ON"))
        self.must(run("ninja", "-C", self.dir, "my_store_bench"))
        self.expect_no_flags_of_ours()
        program = self.dir / "my_store_bench"
        self.assertIn('"my_store/append/threads:8"', self.must(run(program, "--list")))
        only = "--benchmark_filter=append/threads:8"
        self.assertIn("per_second=", self.must(run(program, "--seconds", "0.01", only)))
        self.expect_not_looked_for(r"gtest_dir|rapidcheck_dir|libnats")

    @unittest.skipUnless(JETSTREAM, "this build has no JetStream store")
    def test_find_package_jetstream(self):
        self.must(self.configure("find_package", "-DCOMPONENTS=jetstream", "-DJETSTREAM=ON"))
        self.must(run("ninja", "-C", self.dir, "jetstream_user"))
        self.must(run(self.dir / "jetstream_user"))
        self.expect_not_looked_for(r"gtest_dir|rapidcheck_dir")

    def test_another_googletest_than_that_of_the_library_is_refused(self):
        other = pathlib.Path(self.temp.name) / "other"
        shutil.copytree(self.prefix, other)
        config = next(other.glob("lib*/**/aetherConfig.cmake"))
        text = re.sub(r'(VERSION_EQUAL) "[0-9.]+"', r'\1 "1.99.0"', config.read_text())
        config.write_text(text)
        code, output = self.configure("find_package", "-DCOMPONENTS=conformance", prefix=other)
        self.assertNotEqual(code, 0)
        self.assertIn("make aether a part of the build", " ".join(output.split()))

    # ---- as a part of another build

    def part_of_a_build(self, how):
        """The contract is built as a consumer does; of the kit, that it can be built and is not unless asked for."""
        self.must(self.configure(how, "-DCONFORMANCE=ON", "-DSTORES=ON", *LAUNCHER))
        self.expect_not_looked_for(r"libnats|openssl")
        self.expect_no_flags_of_ours()
        self.must(run("ninja", "-C", self.dir, "contract_user"))
        self.must(run(self.dir / "contract_user"))
        self.assertRegex(self.must(run("ctest", "--test-dir", self.dir, "-N")), r"my_store_conformance\n\nTotal Tests: 1")
        plan = self.must(run("ninja", "-C", self.dir, "-t", "commands", "all"))
        self.assertIn("my_store_conformance.cc.o", plan)
        self.assertNotRegex(plan, r"aether_(check|rules|selftest)|contract_test|memory_conformance")

    def test_add_subdirectory(self):
        self.part_of_a_build("add_subdirectory")

    def test_fetch_content(self):
        self.part_of_a_build("FetchContent")

    def test_add_subdirectory_contract_needs_no_test_library(self):
        without = ("-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_rapidcheck=ON")
        self.must(self.configure("add_subdirectory", "-DAETHER_BUILD_CONFORMANCE=OFF", *without))
        code, output = self.configure(
            "add_subdirectory", "-DAETHER_BUILD_CONFORMANCE=OFF", "-DCONFORMANCE=ON", *without
        )
        self.assertNotEqual(code, 0)
        self.assertIn("AETHER_BUILD_CONFORMANCE is off", " ".join(output.split()))

    # ---- what is installed

    def test_public_headers_compile_alone(self):
        include = self.prefix / "include"
        headers = sorted(p.relative_to(include) for p in include.rglob("*.h"))
        self.assertIn(pathlib.Path("aether/conformance/suite.h"), headers)
        for header in headers:
            with self.subTest(header=str(header)):
                source = pathlib.Path(self.temp.name) / "header.cc"
                source.write_text(f'#include "{header}"\n#include "{header}"\n')
                self.must(run(sys.argv[3], "-std=c++20", "-fsyntax-only", f"-I{include}", source))

    def test_programs_find_their_files(self):
        self.must(run(self.prefix / "bin/aether_check", "--help"))
        output = self.must(run(self.prefix / "bin/aether_rules", "--explain", "IMM-04"))
        self.assertIn("written    spec/immutability.md", output)
        self.assertIn("StoredVersionIsNotOverwritten in conformance/src/properties/immutability.cc", output)
        self.assertNotIn("./kit", output)
        lonely = pathlib.Path(self.temp.name) / "lonely/bin"
        lonely.mkdir(parents=True)
        shutil.copy(self.prefix / "bin/aether_rules", lonely)
        code, output = run(lonely / "aether_rules", "--explain", "IMM-04")
        self.assertEqual(code, 2)
        self.assertIn("this program needs the files that are installed with it", output)

    def test_links_of_pages_lead_somewhere(self):
        pages = sorted((self.prefix / "share/aether").rglob("*.md"))
        self.assertIn(self.prefix / "share/aether/docs/examples/what-the-kit-found.md", pages)
        for page in pages:
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                with self.subTest(page=str(page), link=link):
                    self.assertTrue((page.parent / link).exists())

    def test_rules_schemas_and_vectors_are_there(self):
        share = self.prefix / "share/aether"
        for path in ("spec/rules.json", "spec/event.schema.json", "spec/vectors/valid.jsonl", "spec/wire.md",
                     "conformance/report.schema.json", "docs/adapter.md"):
            self.assertEqual((share / path).read_bytes(), (SOURCE / path).read_bytes())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
