// The typed suites: one an area, one test a rule. A third party's conformance program is
//
//     #include "aether/conformance/suite.h"
//     struct MyAdapter { ... };  // aether/adapter.h
//     AETHER_CONFORMANCE(my_store, MyAdapter);
//
// linked with aether::conformance_main. The tests hold nothing: each hands its rule to a property
// that is compiled once, in the library.

#pragma once

#include <gtest/gtest.h>

#include "aether/conformance/run_rule.h"
#include "aether/conformance/subject.h"

namespace aether::conformance {

namespace suites {

template <typename A>
class RuleTest : public testing::Test {
 protected:
  void Check(std::string_view rule_id) {
    static const Subject subject = SubjectOf<A>();
    RunRule(subject, rule_id);
  }
};

#include "aether/conformance/suites.inc"

}  // namespace suites
}  // namespace aether::conformance

// Instantiates every suite for one adapter. At global scope, in one source file of a program, once.
#define AETHER_CONFORMANCE(name, ...)                                   \
  using AetherAdapterUnderTest = __VA_ARGS__;                           \
  static_assert(aether::CheckAdapter<AetherAdapterUnderTest>());        \
  namespace aether::conformance::suites {                               \
  AETHER_CONFORMANCE_INSTANTIATE(name, ::AetherAdapterUnderTest)        \
  const bool kRegistered = ::aether::conformance::RegisterStore( \
      #name, ::aether::conformance::SubjectOf<::AetherAdapterUnderTest>()); \
  }                                                                     \
  static_assert(true, "a semicolon may follow")
