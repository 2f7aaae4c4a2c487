// Stores that were filled before they are measured, once for all benchmarks of a program that only read.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "aether/bench/benchmark.h"

namespace aether::bench {

// A storage and the handle that all threads use.
struct Filled {
  std::unique_ptr<Storage> storage;
  std::unique_ptr<EventStore> store;  // destroyed first
};

// An empty storage of the subject.
Result<Filled> MakeEmpty(const Subject& subject);

// Saves `events` events of one actor, from one thread or from 64 that race, whichever is faster: versions
// rise, and may have gaps. kNotFound if it takes longer than `seconds`: there is no such store to measure.
Result<void> FillActor(EventStore& store, const std::string& actor_id, std::int64_t events, double seconds);

// Saves `events` events of each of `actors` actors, from 64 threads. As FillActor().
Result<void> FillActors(EventStore& store, std::int64_t actors, std::int64_t events, double seconds);

// The storages of one subject that were filled so far. They stay until the program ends. For one thread.
class FilledStores {
 public:
  explicit FilledStores(const Subject* subject) : subject_(*subject) {}

  // One storage for all lengths: the actor of this name has so many events.
  Result<EventStore*> WithActorOf(std::int64_t events, std::string* actor_id, double seconds);

  // A storage of so many actors, each with so many events.
  Result<EventStore*> WithActors(std::int64_t actors, std::int64_t events, double seconds);

 private:
  const Subject& subject_;
  Filled long_actors_;
  std::map<std::int64_t, Result<void>> lengths_;  // what filling came to: what failed is not tried again
  std::map<std::pair<std::int64_t, std::int64_t>, Result<Filled>> by_actors_;
};

}  // namespace aether::bench
