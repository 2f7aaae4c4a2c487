// The program of a store, and what it measures on request.

#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "model.h"
#include "process.h"

namespace aether::bench::compare {

struct Program {
  std::string name;
  std::string path;
  bool baseline = false;

  std::string Words() const { return name + (baseline ? " (baseline)" : ""); }
};

// Of a program: it died, hung, or talked nonsense, and measures nothing more.
class Broken : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The benchmarks that a program offers. Throws Broken naming it.
std::vector<Benchmark> List(const Program& program, const std::filesystem::path& scratch);

// How programs are run.
struct WorkerOptions {
  double seconds = 0;                 // that one repetition is to take
  std::chrono::seconds time_limit{};  // after which one hangs
  std::filesystem::path scratch;      // where each gets a directory of its own
  bool verbose = false;               // show what they write to standard error
};

// What came of a benchmark: a repetition, whose round is not set, or why there is none.
struct Answer {
  Repetition repetition;
  std::string error;
  std::string not_offered;  // the store lacks what is measured, which is no fault of it
};

// One such process, which keeps the stores that it has filled.
class Worker {
 public:
  // Starts the program and waits until it is ready. Throws Broken.
  Worker(const Program& program, const WorkerOptions& options);

  // Measures once. Throws Broken.
  Answer Measure(const std::string& benchmark);

  // Waits for the program's end. Throws Broken when it does not go well.
  void End();

  // Of what it measures with, as it tells.
  const nlohmann::json& versions() const { return versions_; }

 private:
  [[noreturn]] void Fail(const std::string& during);
  nlohmann::json ReadObject(const std::string& during);

  Program program_;
  WorkerOptions options_;
  std::unique_ptr<Process> process_;
  nlohmann::json versions_;
};

}  // namespace aether::bench::compare
