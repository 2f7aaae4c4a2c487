// Judge: opens disk images by the store, one after another, in another process, and looks at what is there.

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "faults/disk_image.h"
#include "faults/fault_log.h"
#include "faults/ledger.h"
#include "rule_run.h"

namespace aether::conformance {

// What the store says of an image: whether it opens, and a replay of each actor.
struct Look {
  Result<void> opened;
  std::vector<PeerAnswer> reads;
};

class Judge {
 public:
  Judge(Trial* trial, const Subject* subject) : trial_(trial), subject_(subject) {}

  // Throws Failure unless the store opens `image`, finds in it what the ledgers say, takes further saves,
  // and has everything when it is opened once more. `when`: as of Ledger::RequireSurvived.
  void RequireSound(const DiskImage& image, std::vector<Ledger> ledgers, const std::string& when);

  // Opens `image` and reads the ledgers' actors. Throws Failure when the process dies of it.
  Look LookAt(const DiskImage& image, const std::vector<Ledger>& ledgers);

  // The timeline of a failure: what was done `before`, in words, and the calls on the last image.
  std::vector<std::string> Tell(RuleRun* run, const std::vector<std::string>& before) const;

 private:
  std::filesystem::path Place() const;
  void Put(const DiskImage& image);
  Result<void> Open();
  static void RequireOpen(const Result<void>& opened, const std::string& when);
  static PeerCall ReadOf(const Ledger& ledger);
  PeerAnswer Make(const PeerCall& call);  // throws PeerDied
  PeerAnswer Ask(const PeerCall& call, const std::string& when);
  void ReadAll(std::vector<Ledger>* ledgers, const std::string& when);
  void SaveOn(Ledger* ledger, const std::string& when);

  Trial* trial_;
  const Subject* subject_;
  Scratch directory_{"aether-state"};
  std::unique_ptr<FaultLog> log_;
  std::unique_ptr<Peer> peer_;
  std::vector<std::pair<PeerCall, PeerAnswer>> calls_;  // on this image
  std::uint64_t images_ = 0;
  std::filesystem::path before_;  // the place of the last image
  bool opens_ = false;            // the process was launched for this image
};

}  // namespace aether::conformance
