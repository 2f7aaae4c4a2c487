// FaultProxy: stands between a store and its server, and breaks the conversation at a chosen point.

#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace aether::jetstream {

// Passes one connection at a time through to the server on 127.0.0.1. Faults are armed one at a time, and
// each happens once, at the next publish.
class FaultProxy {
 public:
  explicit FaultProxy(int server_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

  // The next publish reaches the server, its acknowledgement is lost and the connection with it.
  void LoseNextAck() { Arm(Fault::kLoseAck, Answer::kNone); }

  // The same, and the attempt after that does not reach the server: it is refused with "wrong last
  // sequence", as clusters do with a repeated publish that was stored.
  void LoseNextAckAndRefuseRetry() { Arm(Fault::kLoseAck, Answer::kWrongLastSequence); }

  // The same, and it is told to be a duplicate, but not of which record: as clusters do with a message id
  // that they have met, whatever became of the message.
  void LoseNextAckAndCallRetryDuplicate() { Arm(Fault::kLoseAck, Answer::kDuplicate); }

  // The connection is lost instead of the next publish being sent.
  void LoseNextPublish() { Arm(Fault::kLosePublish, Answer::kNone); }
  void LoseNextPublishAndCallRetryDuplicate() { Arm(Fault::kLosePublish, Answer::kDuplicate); }

  // The next publish is refused with "wrong last sequence", and reaches the server all the same: as when a
  // server that led the stream before answers faster than the one that does.
  void RefuseNextPublishThatIsStored() { Arm(Fault::kRefuseAndPass, Answer::kWrongLastSequence); }

  // The same, and then AnswerNextReadWithNothing(others).
  void RefuseNextPublishThatIsStoredAndHideIt(int others) {
    reads_before_ = others;
    Arm(Fault::kRefusePassAndHide, Answer::kWrongLastSequence);
  }

  // The next read of one message, or the one after `others`, does not reach the server: it is told that
  // there is none, as by such a server.
  void AnswerNextReadWithNothing(int others = 0) {
    reads_before_ = others;
    Arm(Fault::kHideMessage, Answer::kNoMessage);
  }

  bool HasStruck() const { return fault_ == Fault::kNone; }

 private:
  enum class Fault {
    kNone,
    kLosePublish,
    kLoseAck,
    kAnswer,
    kRefuseAndPass,
    kRefusePassAndHide,
    kHideMessage
  };
  // What the client is told: at the attempt after the lost one, if one is lost.
  enum class Answer { kNone, kWrongLastSequence, kDuplicate, kNoMessage };
  class Session;

  void Arm(Fault fault, Answer answer) {
    answer_ = answer;
    fault_ = fault;
  }
  void Serve();

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  int stop_pipe_[2] = {-1, -1};
  std::atomic<Fault> fault_{Fault::kNone};
  std::atomic<Answer> answer_{Answer::kNone};
  std::atomic<int> reads_before_{0};  // that pass, of kHideMessage
  std::thread thread_;
};

}  // namespace aether::jetstream
