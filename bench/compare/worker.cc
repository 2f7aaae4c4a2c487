// The program of a store.

#include "worker.h"

#include <algorithm>
#include <cmath>

namespace aether::bench::compare {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds kTimeToList{60};

std::filesystem::path ErrorsOf(const Program& program, const std::filesystem::path& scratch) {
  return scratch / ((program.baseline ? "baseline-" : "") + program.name + ".txt");
}

std::string TextOf(const json& object, const char* key) {
  const json value = object.value(key, json());
  return value.is_string() ? value.get<std::string>() : "";
}

Benchmark FromJson(const json& object) {
  Benchmark benchmark;
  benchmark.name = TextOf(object, "name");
  benchmark.store = TextOf(object, "store");
  benchmark.durability = TextOf(object, "durability");
  benchmark.workload = TextOf(object, "workload");
  benchmark.parameter = TextOf(object, "parameter");
  if (const json value = object.value("value", json()); value.is_number()) benchmark.value = value;
  benchmark.title = TextOf(object, "title");
  benchmark.unit = TextOf(object, "unit");
  benchmark.limit = TextOf(object, "limit");
  return benchmark;
}

// What is wrong with a benchmark as it was listed; empty when nothing is.
std::string WrongWith(const Benchmark& benchmark) {
  if (benchmark.store.empty() || benchmark.workload.empty() || benchmark.unit.empty()) {
    return "store, workload and unit have to be there";
  }
  if (!benchmark.name.starts_with(benchmark.store + "/" + benchmark.workload)) {
    return "its name does not begin with its store and workload";
  }
  if (std::ranges::find(kDurabilities, benchmark.durability) == std::end(kDurabilities)) {
    return "\"" + benchmark.durability + "\" is no durability: device, page cache, memory or unknown";
  }
  if (!benchmark.parameter.empty() && !(benchmark.value > 0)) return "its parameter has no value above 0";
  return "";
}

// Takes the numbers of an answer. Whether it holds a figure above 0, and nothing that is no number.
bool TakeNumbers(const json& answer, Repetition* repetition) {
  const json figure = answer.value("per_second", json());
  const json counters = answer.value("counters", json::object());
  if (!figure.is_number() || !counters.is_object()) return false;
  repetition->per_second = figure;
  for (const auto& [name, value] : counters.items()) {
    if (!value.is_number()) return false;
    repetition->counters[name] = value;
  }
  return std::isfinite(repetition->per_second) && repetition->per_second > 0;
}

// What it says under `key`; empty when it says nothing of it.
std::string WhyNot(const json& told, const char* key) {
  if (!told.contains(key)) return "";
  const std::string why = TextOf(told, key);
  return why.empty() ? "no reason was given" : why;
}

std::string Shortened(const std::string& line) {
  return line.size() <= 200 ? line : line.substr(0, 200) + " ...";
}

}  // namespace

std::vector<Benchmark> List(const Program& program, const std::filesystem::path& scratch) {
  Process process({program.path, "--list"}, ErrorsOf(program, scratch));
  std::vector<Benchmark> benchmarks;
  while (const auto line = process.ReadLine(kTimeToList)) {
    const json object = json::parse(*line, nullptr, false);
    const std::string wrong = object.is_object() ? WrongWith(FromJson(object)) : "it is no JSON object";
    if (!wrong.empty()) {
      throw Broken(program.Words() + ": --list printed nonsense (" + wrong + "): " + Shortened(*line));
    }
    benchmarks.push_back(FromJson(object));
  }
  if (const std::string end = process.End(); !end.empty()) {
    throw Broken(program.Words() + ": --list failed: the program " + end);
  }
  if (benchmarks.empty()) throw Broken(program.Words() + ": the program lists no benchmark");
  return benchmarks;
}

Worker::Worker(const Program& program, const WorkerOptions& options)
    : program_(program), options_(options) {
  const std::filesystem::path directory =
      options.scratch / ((program.baseline ? "baseline-" : "") + program.name);
  std::filesystem::create_directories(directory);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{program.path, "--serve", "--seconds", json(options.seconds).dump(),
                               "--scratch", directory.string()},
      options.verbose ? std::filesystem::path() : ErrorsOf(program, options.scratch));
  const json ready = ReadObject("its start");
  if (ready.value("ready", json()) != true) {
    process_->GiveUp("was ended since it is not ready, and said: " + Shortened(ready.dump()));
    Fail("its start");
  }
  versions_ = ready.value("versions", json::object());
}

Answer Worker::Measure(const std::string& benchmark) {
  process_->Write(benchmark);
  const json told = ReadObject(benchmark);
  if (told.value("name", json()) != benchmark) {
    process_->GiveUp("was ended since it answered something else: " + Shortened(told.dump()));
    Fail(benchmark);
  }
  Answer answer;
  answer.error = WhyNot(told, "error");
  answer.not_offered = WhyNot(told, "not_offered");
  if (answer.error.empty() && answer.not_offered.empty() && !TakeNumbers(told, &answer.repetition)) {
    process_->GiveUp("was ended since it answered nonsense: " + Shortened(told.dump()));
    Fail(benchmark);
  }
  return answer;
}

void Worker::End() {
  if (const std::string end = process_->End(); !end.empty()) {
    throw Broken(program_.Words() + ": at its end the program " + end);
  }
}

void Worker::Fail(const std::string& during) {
  const std::string end = process_->End();
  throw Broken(program_.Words() + ": during " + during + " the program " +
               (end.empty() ? "ended early" : end));
}

json Worker::ReadObject(const std::string& during) {
  const auto line = process_->ReadLine(options_.time_limit);
  if (!line) Fail(during);
  json object = json::parse(*line, nullptr, false);
  if (!object.is_object()) {
    process_->GiveUp("was ended since it printed what is no JSON object: " + Shortened(*line));
    Fail(during);
  }
  return object;
}

}  // namespace aether::bench::compare
