// Peer: another process that has the storage under test open, makes the calls it is told to and tells the
// answers.
//
// The process is this program again: whoever wants peers calls RunPeer() in main() when IsPeer(). Only the
// storage and the calls are shared with it, so a version cache or a lock of one process does not reach into
// the other.

#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "aether/conformance/subject.h"

namespace aether::conformance {

class FaultLog;

struct PeerCall {
  enum class Kind { kSave, kRead, kLatest, kReplay, kSaveSnapshot, kReadSnapshot };
  Kind kind = Kind::kSave;
  Event event;                    // of a save; of the others only the actor id
  std::int64_t from_version = 0;  // of a read
  std::uint32_t meeting = 0;      // of Peer::NextMeeting: waits there before the call; 0: does not
  int spin_ns = 0;                // and so long after that
  ActorSnapshot snapshot;         // of a save of one; the event has its actor id
};

// The answer to one call, whatever it was.
struct PeerAnswer {
  std::size_t list = 0;
  std::size_t call = 0;
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point end;
  std::optional<StoreError> error;
  std::string thrown;  // what() of an exception that left the store
  std::vector<EventPtr> events;
  std::vector<std::string> replay_errors;  // of a replay: what they say
  std::int64_t latest = 0;
  std::optional<ActorSnapshot> snapshot;
};

// Makes `call` and tells what came of it, also an exception.
PeerAnswer MakeCall(EventStore& store, const PeerCall& call);

// Throws when the process has ended where it should not: what the store did there is to be judged.
struct PeerDied : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Where the two processes wait for each other, in memory that they share.
class Barrier {
 public:
  Barrier();  // throws std::runtime_error
  explicit Barrier(int fd);
  ~Barrier();
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  // Waits until `arrivals` have been counted, this one included, since the beginning. Gives up after a
  // while: the other may have died.
  void Meet(std::uint32_t arrivals);
  int fd() const { return fd_; }

 private:
  int fd_;
  std::atomic<std::uint32_t>* arrived_;
};

// Not thread-safe.
class Peer {
 public:
  // Starts the process, which opens `location`. An error is that of the store's OpenAt(). Throws PeerDied
  // when the process dies, and std::runtime_error when it cannot be started. `log`: what records the
  // process's file operations, if anything.
  static Result<std::unique_ptr<Peer>> Open(const Subject& subject, const std::string& location,
                                            const FaultLog* log = nullptr);
  // The same in two steps: returns when the process is about to open the storage.
  static std::unique_ptr<Peer> Launch(const Subject& subject, const std::string& location,
                                      const FaultLog* log = nullptr);
  Result<void> WaitUntilOpen();
  // Has it close what it has open, and open another location. After an error it has nothing open, and may
  // be told to open again. Throws PeerDied.
  Result<void> Reopen(const std::string& location);
  ~Peer();  // closes the peer's handle and waits for its end

  // Tells it to make the calls: each list on a thread of its own, all at the same time. `batch` is in the
  // marks of their answers, where its file operations are recorded.
  void Start(const std::vector<std::vector<PeerCall>>& lists, std::size_t batch = 0);
  // The next answer; nothing when all calls were answered, or the process has ended. Throws AdapterError
  // when it has ended since its adapter broke.
  std::optional<PeerAnswer> Next();
  // Whether the process has been seen to end.
  bool ended() const { return ended_; }
  // SIGKILL, also for the processes that it has started: nothing of it runs on. Next() still gives the
  // answers that it had sent.
  void Kill();

  // A new meeting of `n` threads, those of the peer included: none of them goes on before all have come.
  std::uint32_t NextMeeting(std::uint32_t n) { return arrivals_ += n; }
  void Meet(std::uint32_t meeting) { barrier_.Meet(meeting); }

 private:
  Peer() = default;
  void Spawn(const std::string& task, int channel, const FaultLog* log);
  std::optional<std::string> ReadLine();

  Barrier barrier_;
  pid_t pid_ = -1;
  int channel_ = -1;
  int alive_ = -1;  // at its end when the process and all that it has started are dead
  std::uint32_t arrivals_ = 0;
  std::string buffer_;
  bool ended_ = false;
};

// Whether this process is a peer; RunPeer() is its main() then. `find` gives the subject of that name.
bool IsPeer();
int RunPeer(const std::function<const Subject*(const std::string& name)>& find);
// In a peer: tells the first process why this one is about to end. Answers whether there was one to tell.
bool TellBroken(const std::string& what);
// Tells that main() does so; without it no rule is tried that needs another process.
void AllowPeers();
bool PeersAllowed();

}  // namespace aether::conformance
