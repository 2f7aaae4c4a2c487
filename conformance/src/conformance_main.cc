// main() for conformance programs: aether::conformance_main.

#include "aether/conformance/main.h"
#include "aether/conformance/run_rule.h"

int main(int argc, char** argv) {
  // The variable only has to be there, and volatile keeps the compiler from leaving out the look at it.
  const volatile bool* store = &aether::conformance::kExactlyOne_AETHER_CONFORMANCE_AtGlobalScope;
  return *store ? aether::conformance::Main(argc, argv) : 2;
}
