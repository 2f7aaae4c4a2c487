// The supervisor: runs the rules of a store in a child process, which is this program again, and goes on
// with the next rule when the child dies or hangs.

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "report.h"

namespace aether::conformance {

struct Supervision {
  Settings settings;
  std::vector<std::string> rules;  // ids, in order
  std::chrono::seconds call_limit = kDefaultCallLimit;
  bool verbose = false;  // the child's output goes to stderr, not to a file
};

// Runs the rules and fills `report` with a result for each of them. `on_result` is called as results come
// in, `on_start` as rules begin.
void Supervise(const Supervision& supervision, StoreReport* report,
               const std::function<void(const std::string& rule_id)>& on_start,
               const std::function<void(const RuleResult&)>& on_result);

// The same without a child, so that a debugger sees the store: nothing ends a call that hangs, and a crash
// ends the run. Once in a process.
void RunInThisProcess(const Supervision& supervision, StoreReport* report,
                      const std::function<void(const std::string& rule_id)>& on_start,
                      const std::function<void(const RuleResult&)>& on_result);

// Whether this process is such a child; then RunChild() is its main().
bool IsChild();
int RunChild();

}  // namespace aether::conformance
