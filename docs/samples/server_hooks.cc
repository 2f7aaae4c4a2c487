// An adapter of a store behind a server that the adapter keeps.

#include <sys/wait.h>

#include <csignal>
#include <memory>

#include "aether/adapter.h"
#include "my_store.h"

namespace {

// A process of the adapter's own.
class MyServer {
 public:
  pid_t pid() const;
  bool HasEnded() const;
  aether::Result<void> Start();  // on the port and files that it had
};

class ServedAdapter {
 public:
  aether::Result<std::unique_ptr<MyStore>> Open();

  // [begin]
  int ServerCount() { return 1; }

  aether::Result<bool> BreakServer(int, aether::ServerFault fault) {
    if (fault == aether::ServerFault::kCutOff) return false;  // nothing stands between the two
    const bool killed = fault == aether::ServerFault::kKill;
    kill(server_.pid(), killed ? SIGKILL : SIGSTOP);
    siginfo_t info;  // a signal is sent before it has worked
    waitid(P_PID, server_.pid(), &info, (killed ? WEXITED : WSTOPPED) | WNOWAIT);
    return true;
  }

  aether::Result<void> MendServers() {
    kill(server_.pid(), SIGCONT);
    if (server_.HasEnded()) return server_.Start();
    return {};
  }
  // [end]

 private:
  MyServer server_;
};

}  // namespace

static_assert(aether::CheckAdapter<ServedAdapter>() && aether::BreaksServers<ServedAdapter>);
