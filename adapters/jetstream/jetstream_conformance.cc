// The JetStream store against the contract, on the server or cluster that the environment asks for
// (NatsSetup).

#include <cstdlib>
#include <string>

#include "aether/conformance/main.h"
#include "aether/conformance/suite.h"
#include "common/command_line.h"
#include "jetstream_adapter.h"

// As AETHER_CONFORMANCE does it, but for what reports say beside the name.
struct AdapterUnderTest {
  using AdapterType = aether::JetStreamAdapter;
};
namespace aether::conformance::suites {
AETHER_CONFORMANCE_INSTANTIATE(jetstream, ::AdapterUnderTest)
}  // namespace aether::conformance::suites

int main(int argc, char** argv) {
  using namespace aether;
  // Found out once; this program runs again as a child and as other processes.
  constexpr const char* kAbout = "AETHER_NATS_ABOUT";
  const NatsSetup setup = NatsSetup::FromEnvironment();
  if (std::getenv(kAbout) == nullptr) setenv(kAbout, setup.Words().c_str(), 1);
  const std::string replay = setup.CommandPrefix() + conformance::ShellQuoted(argv[0]);
  setenv("AETHER_REPLAY", replay.c_str(), 0);
  conformance::RegisterStore("jetstream", conformance::SubjectOf<JetStreamAdapter>(), std::getenv(kAbout));
  return conformance::Main(argc, argv);
}
