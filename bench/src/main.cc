// Main() of a benchmark program: alone under Google Benchmark, or serving aether_bench.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "answers.h"
#include "registry.h"

namespace aether::bench {
namespace {

using nlohmann::ordered_json;

constexpr char kHelp[] =
    R"(Benchmarks of event stores. Alone, this program takes the options of Google Benchmark:
  --benchmark_filter=REGEX, --benchmark_repetitions=N, --benchmark_format=json, --benchmark_list_tests ...
and:
  --seconds S       how long each benchmark measures (default: 0.5)
  --fill-seconds S  the longest that filling a store may take before it is measured (default: 60)
  --scratch DIR     where stores keep their files (default: $AETHER_SCRATCH, or the system's temporary files)
  --list            print the benchmarks, one JSON object a line, and end
  --serve           run the benchmarks whose names are read from standard input, one a line, and answer each with
                    one JSON object: how aether_bench compares stores
)";

struct Options {
  RunSettings settings;
  bool list = false;
  bool serve = false;
};

// What a benchmark answers; an exception that leaves a store is told like an error.
Result<Figures> Run(const Benchmark& benchmark, const RunSettings& settings) {
  try {
    return benchmark.run(settings);
  } catch (const std::exception& e) {
    return StoreError(ErrorCode::kUnavailable, std::string("an exception left the store: ") + e.what());
  }
}

ordered_json Described(const Benchmark& benchmark) {
  ordered_json json = {{"name", benchmark.full_name()},
                       {"store", benchmark.store},
                       {"durability", DurabilityName(benchmark.durability)},
                       {"workload", benchmark.workload},
                       {"parameter", nullptr},
                       {"value", nullptr},
                       {"title", benchmark.title},
                       {"unit", benchmark.unit},
                       {"limit", nullptr}};
  if (!benchmark.parameter.empty()) {
    json["parameter"] = benchmark.parameter;
    json["value"] = benchmark.value;
  }
  if (!benchmark.limit.empty()) json["limit"] = benchmark.limit;
  return json;
}

ordered_json Answer(const std::string& name, const RunSettings& settings) {
  const Benchmark* const benchmark = TheRegistry().Find(name);
  if (benchmark == nullptr) return {{"name", name}, {"error", "there is no such benchmark"}};
  const auto figures = Run(*benchmark, settings);
  if (!figures) {
    // What a store does not have, or does not take in the time there is, is no fault of it.
    const bool not_offered = figures.error().code() == ErrorCode::kNotFound;
    return {{"name", name}, {not_offered ? "not_offered" : "error", figures.error().message()}};
  }
  return {{"name", name},
          {"per_second", figures->per_second},
          {"seconds", figures->seconds},
          {"counters", figures->counters}};
}

// JSON, whatever bytes a store's message holds.
std::string Line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// Discards the storages while the servers behind them are still there: the end of main() is too late.
struct Discarder {
  ~Discarder() { TheRegistry() = {}; }
};

int Serve(const RunSettings& settings) {
  const Answers answers;
  answers.Send(Line({{"ready", true}, {"versions", TheRegistry().versions}}));
  for (std::string name; std::getline(std::cin, name);) answers.Send(Line(Answer(name, settings)));
  return 0;
}

// Registers all with Google Benchmark: one iteration is one run, which counts its operations itself.
int RunAlone(const RunSettings& settings) {
  for (const Benchmark& known : TheRegistry().benchmarks) {
    ::benchmark::RegisterBenchmark(
        known.full_name().c_str(),
        [&known, settings](::benchmark::State& state) {
          for (auto _ : state) {
            const auto figures = Run(known, settings);
            if (!figures) {
              state.SkipWithError(figures.error().message().c_str());
              break;
            }
            state.SetIterationTime(figures->seconds);
            state.counters["per_second"] = figures->per_second;
            for (const auto& [name, value] : figures->counters) state.counters[name] = value;
          }
          state.SetLabel(std::string(DurabilityName(known.durability)) + ", " + known.unit);
        })
        ->Iterations(1)
        ->UseManualTime();
  }
  ::benchmark::RunSpecifiedBenchmarks();
  ::benchmark::Shutdown();
  return 0;
}

bool TakeSeconds(const char* text, double* seconds) {
  char* end = nullptr;
  *seconds = std::strtod(text, &end);
  return end != text && *end == '\0' && *seconds > 0 && *seconds <= 3600;
}

// Takes our own options out of the arguments; those of Google Benchmark stay. An empty text, or what is
// wrong.
std::string TakeOptions(std::vector<char*>* arguments, Options* options) {
  std::vector<char*> rest{arguments->front()};
  for (std::size_t i = 1; i < arguments->size(); ++i) {
    const std::string_view option = (*arguments)[i];
    if (option == "--list") {
      options->list = true;
    } else if (option == "--serve") {
      options->serve = true;
    } else if (option == "--seconds" || option == "--fill-seconds" || option == "--scratch") {
      if (++i == arguments->size()) return std::string(option) + " needs a value";
      char* const value = (*arguments)[i];
      if (option == "--scratch") {
        ::setenv("AETHER_SCRATCH", value, 1);
      } else if (!TakeSeconds(value, option == "--seconds" ? &options->settings.seconds
                                                           : &options->settings.fill_seconds)) {
        return std::string(option) + ": \"" + value + "\" is not a number of seconds up to 3600";
      }
    } else {
      rest.push_back((*arguments)[i]);
    }
  }
  *arguments = rest;
  return "";
}

int OpenAt(std::span<char*> arguments) {
  for (const auto& stage : TheRegistry().stages) {
    if (stage->subject.name == arguments[0])
      return OpenInThisProcess(stage->subject, arguments[1], arguments[2]);
  }
  return 2;
}

}  // namespace

int Main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  if (argc == 5 && std::strcmp(argv[1], "--open-at") == 0) return OpenAt(std::span(arguments).subspan(2));
  for (const char* argument : arguments) {
    if (std::strcmp(argument, "--help") == 0 || std::strcmp(argument, "-h") == 0) {
      std::cout << kHelp;
      return 0;
    }
  }
  const Discarder at_end;
  // Otherwise a replay that frees its events gives their pages back, and gets them again for the next one.
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  Options options;
  if (const auto wrong = TakeOptions(&arguments, &options); !wrong.empty()) {
    std::cerr << wrong << " (--help lists what there is)\n";
    return 2;
  }
  if (options.list) {
    for (const Benchmark& benchmark : TheRegistry().benchmarks) std::cout << Line(Described(benchmark));
    return 0;
  }
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  if (options.serve) {
    if (count > 1) {
      std::cerr << "there is no option \"" << arguments[1] << "\" beside --serve\n";
      return 2;
    }
    return Serve(options.settings);
  }
  ::benchmark::Initialize(&count, arguments.data());
  if (::benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  return RunAlone(options.settings);
}

}  // namespace aether::bench
