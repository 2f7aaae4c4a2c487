// Changes to frames and records, and damage.

#include "image_mutator.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "bytes.h"
#include "log_format.h"

namespace aether::file::fuzz {
namespace {

class ImageMutator {
 public:
  ImageMutator(const ByteMutator& mutate_bytes, std::size_t most_bytes, std::mt19937* random,
               StoreImage* image)
      : mutate_bytes_(mutate_bytes), most_bytes_(most_bytes), random_(*random), image_(*image) {}

  void Run() {
    if (Below(16) == 0) image_.mode = static_cast<std::uint8_t>(Below(32));
    const bool of_rest = (image_.with_index() || image_.damaged()) && Below(3) == 0;
    if (of_rest) {
      ChangeBytes(&image_.rest);
    } else {
      const std::size_t changes = 1 + Below(3);
      for (std::size_t i = 0; i < changes; ++i) ChangeLog();
      const std::size_t repair = Below(8);
      if (repair != 0) repair < 4 ? RepairOrder(&image_.log) : RepairChecksums(&image_.log);
    }
    if (image_.with_index() && Below(8) != 0) RepairIndex(image_.log, &image_.rest);
    if (Below(4) == 0) DamageAnywhere(image_.with_index() && Below(3) == 0 ? &image_.rest : &image_.log);
  }

 private:
  std::size_t Below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void ChangeLog() {
    frames_ = FramesOf(image_.log);
    switch (Below(8)) {
      case 0:
        return ChangeBytes(&image_.log);
      case 1:
        return CopyFrame();
      case 2:
        return DropFrame();
      case 3:
        return AddFrame();
      case 4:
        return AddSeal();
      default:
        return ChangeField();
    }
  }

  void ChangeBytes(std::string* bytes) {
    const std::size_t size = bytes->size();
    const std::size_t capacity = std::max<std::size_t>(size + 64, 128);
    bytes->resize(capacity);
    bytes->resize(mutate_bytes_(reinterpret_cast<std::uint8_t*>(bytes->data()), size, capacity));
  }

  const Span* AnyFrame() { return frames_.empty() ? nullptr : &frames_[Below(frames_.size())]; }

  void Insert(const std::string& frame) {
    if (image_.log.size() + image_.rest.size() + frame.size() + 64 > most_bytes_) return;
    const Span* const before = Below(2) == 0 ? AnyFrame() : nullptr;
    const std::size_t at = before != nullptr ? before->begin
                           : frames_.empty() ? image_.log.size()
                                             : frames_.back().end;
    image_.log.insert(at, frame);
  }

  void CopyFrame() {
    if (const Span* const frame = AnyFrame())
      Insert(image_.log.substr(frame->begin, frame->end - frame->begin));
  }

  void DropFrame() {
    if (const Span* const frame = AnyFrame()) image_.log.erase(frame->begin, frame->end - frame->begin);
  }

  void AddSeal() {
    std::string frame(kFrameHeaderBytes, '\0');
    PutFrameHeader({image_.log.size(), 0, Below(20), Below(2) == 0 ? image_.log.size() : Below(2000), 0},
                   kLogId, &frame);
    Insert(frame);
  }

  // One to three records of a few actors and versions, so that they meet others.
  void AddFrame() {
    std::string frame(kFrameHeaderBytes, '\0');
    const std::size_t count = 1 + Below(3);
    for (std::size_t i = 0; i < count; ++i) AddRecord(&frame);
    PutFrameHeader({image_.log.size(), frame.size() - kFrameHeaderBytes, 1 + Below(20), Below(2000),
                    static_cast<std::uint32_t>(count)},
                   kLogId, &frame);
    Insert(frame);
  }

  void AddRecord(std::string* frame) {
    const std::string actor(1, static_cast<char>('a' + Below(3)));
    const auto version = static_cast<std::int64_t>(Below(6));
    const bool snapshot = Below(5) == 0;
    const std::string number = std::to_string(version);
    const std::string time = R"("timestamp":"2026-01-13T21:26:16Z"})";
    std::string payload =
        snapshot ? R"({"actorId":")" + actor + R"(","version":)" + number + R"(,"state":{"n":1},)" + time
                 : R"({"id":"e","eventType":"t","actorId":")" + actor + R"(","version":)" + number +
                       R"(,"data":{"n":1},)" + time;
    if (Below(6) == 0) payload = "no JSON";
    const RecordHeader header{snapshot ? RecordType::kSnapshot : RecordType::kEvent,
                              actor,
                              payload.size(),
                              1 + Below(20),
                              static_cast<std::int64_t>(Below(6)),
                              Below(8) == 0 ? 0 : version};
    file::AppendRecord(header, payload, Checksum(payload, kLogId), kLogId, frame);
  }

  // A number in the header of a frame or record.
  void ChangeField() {
    const Span* const frame = AnyFrame();
    if (frame == nullptr) return AddFrame();
    const auto records = RecordsOf(image_.log, *frame);
    std::size_t at = frame->begin + std::array{4, 8, 24, 32}[Below(4)];
    if (!records.empty() && Below(4) != 0) {
      at = records[Below(records.size())].begin + std::array{0, 4, 8, 16, 24, 32}[Below(6)];
    }
    constexpr std::array<std::uint64_t, 6> kEdges = {
        0, 1, UINT64_MAX, INT64_MAX, std::uint64_t{1} << 63, UINT32_MAX};
    auto value = Get<std::uint64_t>(image_.log, at);
    switch (Below(4)) {
      case 0:
        value = kEdges[Below(kEdges.size())];
        break;
      case 1:
        value = Below(image_.log.size() + 8);
        break;
      case 2:
        value += Below(17) - 8;
        break;
      default:
        value ^= std::uint64_t{1} << Below(64);
    }
    Put(value, image_.log.data() + at);
  }

  // Bits that flip, zeros, a tail that is cut off, a block that comes from elsewhere.
  void DamageAnywhere(std::string* bytes) {
    if (bytes->empty()) return;
    const std::size_t at = Below(bytes->size());
    const std::size_t count = std::min(bytes->size() - at, std::size_t{1} << Below(10));
    switch (Below(4)) {
      case 0:
        (*bytes)[at] ^= static_cast<char>(1 << Below(8));
        return;
      case 1:
        std::fill_n(bytes->begin() + static_cast<std::ptrdiff_t>(at), count, '\0');
        return;
      case 2:
        bytes->resize(at);
        return;
      default:
        bytes->replace(at, count, bytes->substr(Below(bytes->size() - count + 1), count));
    }
  }

  const ByteMutator& mutate_bytes_;
  const std::size_t most_bytes_;
  std::mt19937& random_;
  StoreImage& image_;
  std::vector<Span> frames_;
};

}  // namespace

void Mutate(const ByteMutator& mutate_bytes, std::size_t most_bytes, std::mt19937* random,
            StoreImage* image) {
  ImageMutator(mutate_bytes, most_bytes, random, image).Run();
}

}  // namespace aether::file::fuzz
