// Starting and ending a driver, and matching its answers to the requests.

#include "driver_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "aether/json.h"
#include "protocol.h"

namespace aether::process {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kEndLimit{5'000};
constexpr milliseconds kPoll{2};

// Many libraries write what is absent as null.
bool Holds(const json& message, const char* key) {
  return message.contains(key) && !message[key].is_null();
}

// 7.0 is the integer 7, in JSON Schema as well: some languages have no other numbers.
void ReadAsInteger(const char* key, json* message) {
  const auto found = message->find(key);
  if (found == message->end() || !found->is_number_float()) return;
  const double number = found->get<double>();
  if (number >= 0 && number < 9007199254740992.0 && number == std::floor(number)) {
    *found = static_cast<std::uint64_t>(number);
  }
}

// Its ends are above the standard streams, also where one of those is closed.
void MakePipe(int (&ends)[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw DriverError(std::string("cannot make a pipe to the driver: ") + std::strerror(errno));
  }
  for (int& end : ends) {
    if (end > STDERR_FILENO) continue;
    const int moved = fcntl(end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(end);
    end = moved;
  }
}

// What may be the matter with a driver that does not answer this call.
std::string HintFor(const std::string& call) {
  if (call == "hello") return "Each answer has to be flushed, and what has to be built is built before.";
  if (call == "sleep")
    return "`milliseconds` are thousandths of a second. No request may wait for another one.";
  return "Each answer has to be flushed, and no request may wait for another one.";
}

std::string Words(milliseconds limit) {
  return limit.count() % 1000 == 0 ? std::to_string(limit.count() / 1000) + " s"
                                   : std::to_string(limit.count()) + " ms";
}

}  // namespace

std::string ShowLine(std::string_view line) {
  constexpr std::size_t kMost = 300;
  std::string shown =
      json(std::string(line.substr(0, kMost))).dump(-1, ' ', false, json::error_handler_t::replace);
  // A message is full of quotes: shown as it is where that can be done.
  if (IsValidUtf8(line) &&
      std::none_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 32; })) {
    shown = std::string(line.substr(0, kMost));
  }
  if (line.size() > kMost) shown += " ... (" + std::to_string(line.size()) + " bytes)";
  return shown;
}

Request::Request(std::string_view call) : call_(call) {}

Request& Request::Number(std::string_view key, std::uint64_t value) {
  return Json(key, std::to_string(value));
}

Request& Request::Text(std::string_view key, std::string_view value) {
  std::string json;
  AppendJsonString(value, &json);
  return Json(key, json);
}

Request& Request::Json(std::string_view key, std::string_view json) {
  members_.append(",\"").append(key).append("\":").append(json);
  return *this;
}

DriverProcess::DriverProcess(const std::string& command) {
  Start(command);
  stop_ = eventfd(0, EFD_CLOEXEC);
  reader_ = std::thread([this] { ReadAll(); });
}

DriverProcess::~DriverProcess() {
  (void)ShutDown(kEndLimit, false);
  (void)eventfd_write(stop_, 1);
  reader_.join();
  close(output_);
  close(stop_);
}

void DriverProcess::Start(const std::string& command) {
  int to_driver[2];
  int from_driver[2];
  MakePipe(to_driver);
  MakePipe(from_driver);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // it died before we asked for the signal
    signal(SIGPIPE, SIG_DFL);
    dup2(to_driver[0], STDIN_FILENO);
    dup2(from_driver[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(to_driver[0]);
  close(from_driver[1]);
  input_ = to_driver[1];
  output_ = from_driver[0];
  if (pid_ < 0) throw DriverError(std::string("cannot start the driver: ") + std::strerror(errno));
}

const Hello& DriverProcess::SayHello(milliseconds limit) {
  const Answer answer = Call(Request("hello").Number("protocol", 1), limit);
  const std::lock_guard lock(mutex_);
  hello_ = HelloFrom(answer);
  return *hello_;
}

Answer DriverProcess::Call(const Request& request, std::optional<milliseconds> limit) {
  return Wait(Send(request), limit);
}

std::uint64_t DriverProcess::Send(const Request& request) { return Send(request, {}, {}); }

std::uint64_t DriverProcess::Send(const Request& request, Subscriptions ends, Subscriptions ends_if_not) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!broken_.empty()) throw DriverError(broken_);
    id = ++last_request_;
    Pending& pending = pending_[id];
    pending.call = request.call();
    pending.ends = std::move(ends);
    pending.ends_if_not = std::move(ends_if_not);
  }
  Write("{\"id\":" + std::to_string(id) + ",\"call\":\"" + request.call() + "\"" + request.members() +
        "}\n");
  return id;
}

// A driver that is gone is noticed by the reader, which knows more about it.
void DriverProcess::Write(const std::string& line) {
  const std::lock_guard lock(write_mutex_);
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  for (std::size_t sent = 0; input_ >= 0 && sent < line.size();) {
    const ssize_t n = write(input_, line.data() + sent, line.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const timespec now = {0, 0};
      sigtimedwait(&pipe_signal, nullptr, &now);
      break;
    }
    sent += static_cast<std::size_t>(n);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Answer DriverProcess::Wait(std::uint64_t id, std::optional<milliseconds> limit) {
  std::unique_lock lock(mutex_);
  const auto waiting = pending_.find(id);
  const auto done = [&] { return waiting->second.answer.has_value() || !broken_.empty(); };
  if (!limit) {
    waiting->second.changed.wait(lock, done);
  } else if (!waiting->second.changed.wait_for(lock, *limit, done)) {
    const std::string last =
        last_line_.empty() ? "it has written nothing yet" : "the last line it wrote is: " + last_line_;
    throw DriverError("the driver did not answer request " + std::to_string(id) + " (" +
                      waiting->second.call + ") within " + Words(*limit) + "; " + last + "\n" +
                      HintFor(waiting->second.call));
  }
  if (!waiting->second.answer) throw DriverError(broken_);
  Answer answer = *std::move(waiting->second.answer);
  pending_.erase(waiting);
  return answer;
}

bool DriverProcess::HasAnswer(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  return pending_.at(id).answer.has_value();
}

Answer DriverProcess::Subscribe(std::uint64_t handle, std::uint64_t subscription, NoticeSink sink) {
  {
    const std::lock_guard lock(mutex_);
    sinks_[subscription] = std::move(sink);
  }
  const Request request =
      Request("subscribe").Number("handle", handle).Number("subscription", subscription);
  return Wait(Send(request, {}, {subscription}));
}

Answer DriverProcess::EndSubscriptions(const Request& request, Subscriptions subscriptions) {
  return Wait(Send(request, std::move(subscriptions), {}));
}

// ---- the thread that reads

void DriverProcess::ReadAll() {
  std::string buffer;
  std::size_t searched = 0;
  while (true) {
    pollfd waiting[] = {{output_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0 && errno == EINTR) continue;
    if (waiting[0].revents == 0 && waiting[1].revents != 0) break;
    char chunk[65536];
    const ssize_t n = read(output_, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    buffer.append(chunk, static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end; (end = buffer.find('\n', std::max(begin, searched))) != std::string::npos;
         begin = end + 1) {
      Take(buffer.substr(begin, end - begin));
    }
    buffer.erase(0, begin);
    searched = buffer.size();
  }
  if (!buffer.empty()) Break("the driver ended in the midst of a line: " + ShowLine(buffer));
  Break(TellEnd());
}

void DriverProcess::Take(const std::string& line) {
  json message;
  try {
    message = json::parse(line);
  } catch (const json::exception& error) {
    std::string why = error.what();
    why = why.substr(why.find("] ") + 2);
    return Break("the driver wrote a line that is not JSON: " + ShowLine(line) + "\n(" + why +
                 ")\nIts standard output is for messages only, each whole on one line: print anything else "
                 "to standard error.");
  }
  try {
    if (!message.is_object()) throw DriverError("the driver wrote a line that is no JSON object");
    for (const char* key : {"id", "subscription"}) ReadAsInteger(key, &message);
    if (Holds(message, "notice")) {
      TakeNotice(message, line);
    } else {
      TakeAnswer(std::move(message), line);
    }
  } catch (const DriverError& error) {
    Break(std::string(error.what()) + ": " + ShowLine(line));
  }
}

void DriverProcess::TakeAnswer(json message, const std::string& line) {
  if (!Holds(message, "id")) throw DriverError("the driver wrote a message without \"id\" or \"notice\"");
  if (!message["id"].is_number_unsigned()) {
    throw DriverError("the driver wrote an answer whose \"id\" is not the number that the request had");
  }
  const std::uint64_t id = message["id"];
  if (Holds(message, "result") == Holds(message, "error")) {
    throw DriverError(
        "the driver wrote an answer that has not just one of \"result\" and \"error\" (a call that answers "
        "nothing has the result {})");
  }
  for (const char* key : {"result", "error"}) {
    if (!Holds(message, key)) message.erase(key);
  }
  const std::lock_guard lock(mutex_);
  last_line_ = ShowLine(line);
  const auto waiting = pending_.find(id);
  if (id == 0 || id > last_request_) {
    throw DriverError("the driver answered request " + std::to_string(id) + ", which was never sent");
  }
  if (waiting == pending_.end() || waiting->second.answer) {
    throw DriverError("the driver answered request " + std::to_string(id) + " a second time");
  }
  for (const std::uint64_t subscription : waiting->second.ends) sinks_.erase(subscription);
  if (message.contains("error")) {
    for (const std::uint64_t subscription : waiting->second.ends_if_not) sinks_.erase(subscription);
  }
  waiting->second.answer = Answer{waiting->second.call, std::move(message), line};
  waiting->second.changed.notify_one();
}

void DriverProcess::TakeNotice(const json& message, const std::string& line) {
  const auto [subscription, notice] = NoticeFrom(message);
  const std::lock_guard lock(mutex_);
  last_line_ = ShowLine(line);
  const auto sink = sinks_.find(subscription);
  if (sink == sinks_.end()) {
    throw DriverError(
        "the driver wrote a notice of subscription " + std::to_string(subscription) +
        (subscription > last_id_
             ? ", which was never asked for"
             : ", which has ended: none may follow the answer to its unsubscribe, or to the close or "
               "release of its handle. Wait there until the callback has returned; a store that goes on "
               "calling it does not keep NOTE-06"));
  }
  sink->second(notice);
}

void DriverProcess::Break(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (broken_.empty()) broken_ = what;
  for (auto& [id, pending] : pending_) pending.changed.notify_one();
}

// ---- the end

bool DriverProcess::Reap(milliseconds limit) {
  for (const auto until = Clock::now() + limit;; std::this_thread::sleep_for(kPoll)) {
    {
      const std::lock_guard lock(mutex_);
      int status = 0;
      if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
      if (status_) return true;
    }
    if (Clock::now() > until) return false;
  }
}

std::string DriverProcess::HowItEnded() const {
  if (!status_) return "closed its standard output, and runs on";
  if (WIFSIGNALED(*status_)) return std::string("died of ") + strsignal(WTERMSIG(*status_));
  const int code = WEXITSTATUS(*status_);
  if (code == 127) return "could not be run (exit code 127): is the command right?";
  // A shell that stays in between tells a signal so.
  const char* const signal = code > 128 && code <= 128 + SIGSYS ? strsignal(code - 128) : nullptr;
  return "ended with exit code " + std::to_string(code) +
         (signal != nullptr ? std::string(", ") + signal : "");
}

// What to say of a driver whose output has ended.
std::string DriverProcess::TellEnd() {
  (void)Reap(milliseconds(1000));
  const std::lock_guard lock(mutex_);
  std::string text = "the driver " + HowItEnded();
  std::string under_way;
  for (const auto& [id, pending] : pending_) {
    if (!pending.answer && pending.call != "shutdown") {
      under_way += (under_way.empty() ? "" : ", ") + std::to_string(id) + " (" + pending.call + ")";
    }
    if (under_way.size() > 200) break;
  }
  if (!under_way.empty()) text += "; without an answer: request " + under_way;
  return text;
}

void DriverProcess::CloseInput() {
  const std::lock_guard lock(write_mutex_);
  if (input_ >= 0) close(input_);
  input_ = -1;
}

DriverEnd DriverProcess::ShutDown(milliseconds limit, bool by_closing) {
  std::string wrong;
  try {
    if (!by_closing) (void)Call(Request("shutdown"), limit);
  } catch (const DriverError& error) {
    wrong = error.what();  // it is as good as ended, or is ended now
  }
  CloseInput();
  const bool ended = Reap(limit);
  if (!ended) {
    kill(pid_, SIGKILL);
    (void)Reap(kEndLimit);
  }
  const std::lock_guard lock(mutex_);
  if (!ended) return {true, "the driver still ran " + Words(limit) + " later, and was killed"};
  if (wrong.empty() && *status_ != 0) wrong = "the driver " + HowItEnded();
  return {false, wrong};
}

}  // namespace aether::process
