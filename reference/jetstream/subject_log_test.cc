// Compare-and-append: what is expected has to be so, and zero is an expectation like any other.

#include "subject_log.h"

#include <gmock/gmock.h>

#include "streams.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::ElementsAre;

class SubjectLogTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto server = NatsServer::Shared();
    ASSERT_TRUE(IsOk(server));
    const JetStreamOptions options = OptionsFor(**server);
    auto connection = Connection::Open(options);
    ASSERT_TRUE(IsOk(connection));
    ASSERT_TRUE(IsOk(EnsureStreams(**connection, options)));
    names_.emplace(options);
    log_.emplace(*connection, names_->events_stream);
  }

  // Whether a record was appended to the actor's subject.
  bool Append(const std::string& actor, const Expectation& expectation) {
    const auto deadline = SubjectLog::Clock::now() + kLimit;
    const auto appended = log_->Append(MakeDraft(Subject(actor), actor, ++version_), expectation, deadline);
    EXPECT_TRUE(IsOk(appended));
    return appended && *appended;
  }

  std::string Subject(const std::string& actor) const { return names_->EventSubject(actor); }

  std::optional<JetStreamNames> names_;
  std::optional<SubjectLog> log_;
  std::int64_t version_ = 0;
};

TEST_F(SubjectLogTest, AnEmptySubjectIsExpectedByZero) {
  EXPECT_TRUE(Append("a", Expectation::OfSubject(0)));
  EXPECT_FALSE(Append("a", Expectation::OfSubject(0)));
  EXPECT_TRUE(Append("b", Expectation::OfSubject(0)));
}

TEST_F(SubjectLogTest, AnEmptyStreamIsExpectedByZero) {
  EXPECT_TRUE(Append("a", Expectation::OfStream(0)));
  EXPECT_FALSE(Append("a", Expectation::OfStream(0)));
  EXPECT_FALSE(Append("b", Expectation::OfStream(0)));
  EXPECT_FALSE(Append("b", Expectation::OfBoth(0, 0)));
}

TEST_F(SubjectLogTest, TheLastOfTheSubjectIsExpectedByItsNumber) {
  ASSERT_TRUE(Append("a", Expectation::OfSubject(0)));
  ASSERT_TRUE(Append("b", Expectation::OfSubject(0)));
  EXPECT_FALSE(Append("a", Expectation::OfSubject(2)));
  EXPECT_TRUE(Append("a", Expectation::OfSubject(1)));
  EXPECT_FALSE(Append("a", Expectation::OfSubject(1)));
}

TEST_F(SubjectLogTest, TheLastOfTheStreamIsExpectedByItsNumber) {
  ASSERT_TRUE(Append("a", Expectation::OfSubject(0)));
  ASSERT_TRUE(Append("b", Expectation::OfSubject(0)));
  EXPECT_FALSE(Append("a", Expectation::OfStream(1)));
  EXPECT_TRUE(Append("a", Expectation::OfStream(2)));
}

TEST_F(SubjectLogTest, BothExpectationsHaveToHold) {
  ASSERT_TRUE(Append("a", Expectation::OfSubject(0)));
  EXPECT_FALSE(Append("b", Expectation::OfBoth(0, 0)));
  EXPECT_FALSE(Append("b", Expectation::OfBoth(1, 1)));
  EXPECT_TRUE(Append("b", Expectation::OfBoth(0, 1)));
}

TEST_F(SubjectLogTest, ASubjectIsReadInOrderAndUpToWhereItWasAsked) {
  std::uint64_t last = 0;
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(Append("a", Expectation::OfSubject(last)));
    last = log_->Bounds()->last_sequence;
    ASSERT_TRUE(Append("b" + std::to_string(i), Expectation::OfSubject(0)));
  }
  std::vector<std::uint64_t> sequences;
  ASSERT_TRUE(IsOk(log_->ForEach(Subject("a"), 2, 41, true, [&](const Record& record) {
    sequences.push_back(record.sequence);
    return true;
  })));
  ASSERT_EQ(sequences.size(), 20u);
  for (std::size_t i = 0; i < sequences.size(); ++i) EXPECT_EQ(sequences[i], 2 * i + 3);

  sequences.clear();
  ASSERT_TRUE(IsOk(log_->ForEach(Subject("a"), 1, last, false, [&](const Record& record) {
    sequences.push_back(record.sequence);
    return sequences.size() < 2;
  })));
  EXPECT_THAT(sequences, ElementsAre(1, 3));
}

}  // namespace
}  // namespace aether::jetstream
