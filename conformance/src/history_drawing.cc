// Timelines of a history as text and as SVG.

#include "history_drawing.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>

#include "history_words.h"

namespace aether::conformance {

namespace {

struct Drawn {
  const Operation* operation;
  bool marked;
};

// What is drawn, by start, and the stretch of time.
struct View {
  std::vector<Drawn> drawn;
  std::int64_t zero = 0, from = 0, to = 0;

  // Where a time is, from 0 at the left edge to 1 at the right.
  double Place(std::int64_t time) const {
    const double place = static_cast<double>(time - from) / static_cast<double>(to - from);
    return std::clamp(time == Operation::kPending ? 1.0 : place, 0.0, 1.0);
  }
};

std::int64_t LastKnown(const Operation& operation) {
  return operation.pending() ? operation.start : operation.end;
}

// Whether to draw an operation beside the window: of those that never ended, and overlap everything that
// follows, only the ones that matter to it.
bool IsNear(const Operation& op, std::span<const Operation> history, std::span<const std::size_t> window,
            const View& view) {
  if (op.actor != history[window[0]].actor || op.start > view.to || op.end < view.from) return false;
  return !op.pending() || op.start >= view.from ||
         std::any_of(window.begin(), window.end(), [&](std::size_t i) {
           return history[i].kind == op.kind && history[i].version == op.version;
         });
}

// The operations beside the window, nearest first.
std::vector<std::size_t> Neighbours(std::span<const Operation> history, std::span<const std::size_t> window,
                                    const View& view) {
  std::vector<std::size_t> near;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (std::find(window.begin(), window.end(), i) != window.end()) continue;
    if (IsNear(history[i], history, window, view)) near.push_back(i);
  }
  const auto before = [&](std::size_t i) {
    return std::max<std::int64_t>(0, view.from - history[i].start);
  };
  std::sort(near.begin(), near.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(before(a), history[a].start, a) < std::tuple(before(b), history[b].start, b);
  });
  return near;
}

View Choose(std::span<const Operation> history, std::span<const std::size_t> window) {
  constexpr std::size_t kMost = 40;
  View view;
  for (const std::size_t i : window) view.drawn.push_back({&history[i], true});
  if (window.empty()) {
    for (const Operation& op : history.first(std::min(kMost, history.size())))
      view.drawn.push_back({&op, false});
  }
  if (view.drawn.empty()) return view;
  view.from = view.to = view.drawn[0].operation->start;
  for (const Drawn& drawn : view.drawn) {
    view.from = std::min(view.from, drawn.operation->start);
    view.to = std::max(view.to, LastKnown(*drawn.operation));
  }
  for (const std::size_t i :
       window.empty() ? std::vector<std::size_t>() : Neighbours(history, window, view)) {
    if (view.drawn.size() < kMost) view.drawn.push_back({&history[i], false});
  }
  std::stable_sort(view.drawn.begin(), view.drawn.end(),
                   [](const Drawn& a, const Drawn& b) { return a.operation->start < b.operation->start; });
  // A little more than the window, however long its neighbours are.
  view.zero = view.from;
  const std::int64_t margin = std::max<std::int64_t>((view.to - view.from) / 8, 1);
  if (view.drawn.front().operation->start < view.from) view.from -= margin;
  view.to += margin;
  return view;
}

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char text[400];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

double Microseconds(const View& view, std::int64_t time) {
  return static_cast<double>(time - view.zero) / 1e3;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// The SVG image, in pixels.
class Picture {
 public:
  explicit Picture(const View& view) : view_(view) {}

  std::string Draw() {
    std::map<std::int32_t, std::vector<Drawn>> lanes;
    for (const Drawn& drawn : view_.drawn) lanes[drawn.operation->client].push_back(drawn);
    for (const auto& [client, calls] : lanes) Lane(client, calls);
    Axis();
    return Head() + axis_ + body_ + "</svg>\n";
  }

 private:
  static constexpr double kWidth = 900, kLeft = 84, kRight = 888, kRow = 24, kBar = 18, kGap = 8;

  static double TextWidth(const std::string& text) {
    const auto letters = std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return 6.9 * static_cast<double>(letters);
  }

  double X(std::int64_t time) const { return kLeft + view_.Place(time) * (kRight - kLeft); }

  // Where a bar and its label go, in a row in which they have room.
  struct Room {
    double from, to;    // of both
    double bar, width;  // of the bar
    double label;
  };

  Room RoomOf(const Operation& operation, const std::string& label) const {
    Room room{};
    room.bar = X(operation.start);
    room.width = std::max(X(operation.end) - room.bar, 3.0);
    const double text = TextWidth(label);
    const bool inside = text + 12 <= room.width;
    const double right = inside ? room.bar + 6 : room.bar + room.width + 5;
    room.label = right + text <= kRight + 4 ? right : room.bar - 5 - text;
    if (operation.pending() && !inside) room.label = std::min(room.bar + 6, kRight - text);
    room.from = std::min(room.bar, room.label) - 6;
    room.to = std::max(room.bar + room.width, room.label + text) + 6;
    return room;
  }

  void Lane(std::int32_t client, const std::vector<Drawn>& calls) {
    std::vector<std::vector<Room>> rows;
    const double top = height_ + kGap;
    body_ += Format("<text class=\"lane\" x=\"12\" y=\"%.1f\">client %d</text>\n", top + 13, client);
    for (const Drawn& drawn : calls) {
      const Room room = RoomOf(*drawn.operation, Describe(*drawn.operation));
      const auto free = std::find_if(rows.begin(), rows.end(), [&room](const std::vector<Room>& row) {
        return std::none_of(row.begin(), row.end(), [&room](const Room& other) {
          return room.from < other.to && other.from < room.to;
        });
      });
      const std::size_t row = static_cast<std::size_t>(free - rows.begin());
      if (free == rows.end()) rows.emplace_back();
      rows[row].push_back(room);
      Bar(drawn, room, top + static_cast<double>(row) * kRow);
    }
    height_ = top + static_cast<double>(rows.size()) * kRow;
    lines_.push_back(height_ + kGap / 2);
  }

  void Bar(const Drawn& drawn, const Room& room, double top) {
    const Operation& op = *drawn.operation;
    const std::string end = op.pending() ? "never" : Format("%.3f", Microseconds(view_, op.end));
    body_ += Format("<g class=\"%s%s\">", drawn.marked ? "bad" : "call", op.unknown() ? " unknown" : "") +
             "<title>" + Escaped(Describe(op)) +
             Format(" (client %d, %.3f to ", op.client, Microseconds(view_, op.start)) + end +
             " µs)</title>" +
             Format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" rx=\"3\"/>", room.bar, top,
                    room.width, kBar) +
             Format("<text x=\"%.1f\" y=\"%.1f\">", room.label, top + 13) + Escaped(Describe(op)) +
             "</text></g>\n";
  }

  void Axis() {
    const double from = Microseconds(view_, view_.from), length = Microseconds(view_, view_.to) - from;
    const double power = std::pow(10, std::floor(std::log10(length / 6)));
    const double wanted = length / 6 / power;
    const double step = power * (wanted <= 1 ? 1 : wanted <= 2 ? 2 : wanted <= 5 ? 5 : 10);
    const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
    const double bottom = height_ + kGap;
    for (double tick = std::ceil(from / step); tick * step <= from + length; ++tick) {
      const double x = kLeft + (tick * step - from) / length * (kRight - kLeft);
      axis_ += Format("<line class=\"grid\" x1=\"%.1f\" y1=\"4\" x2=\"%.1f\" y2=\"%.1f\"/>", x, x, bottom) +
               Format("<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">%.*f</text>\n", x, bottom + 16, digits,
                      tick == 0 ? 0.0 : tick * step);
    }
    for (const double y : lines_) {
      axis_ +=
          Format("<line class=\"grid\" x1=\"12\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\"/>\n", y, kRight, y);
    }
    axis_ += Format("<text class=\"lane\" x=\"12\" y=\"%.1f\">time, µs</text>\n", bottom + 16);
    height_ = bottom + 26;
  }

  std::string Head() const {
    return Format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"history\" width=\"%.0f\" height=\"%.0f\" "
               "viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"Timeline of a history\">\n",
               kWidth, height_, kWidth, height_) +
           R"(<style>
.history{--paper:#fff;--ink:#24292f;--dim:#57606a;--line:#d8dee4;--call:#dbe7f3;--edge:#6b8bab;--bad:#ffd9d6;--red:#c9201a}
@media (prefers-color-scheme:dark){.history{--paper:#161b22;--ink:#e6edf3;--dim:#9ea7b1;--line:#30363d;--call:#24384d;--edge:#6f93b8;--bad:#5a1d1d;--red:#ff7b72}}
.history text{font:11.5px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:var(--ink)}
.history .lane,.history .tick{fill:var(--dim)}
.history .tick{text-anchor:middle}
.history .grid{stroke:var(--line)}
.history rect{fill:var(--call);stroke:var(--edge)}
.history .bad rect{fill:var(--bad);stroke:var(--red);stroke-width:2}
.history .bad text{fill:var(--red);font-weight:bold}
.history .unknown rect{stroke-dasharray:4 3}
.history .paper{fill:var(--paper);stroke:none}
</style>
<rect class="paper" width="100%" height="100%" rx="6"/>
)";
  }

  const View& view_;
  double height_ = 0;
  std::string body_, axis_;
  std::vector<double> lines_;  // between the lanes
};

}  // namespace

std::vector<std::string> TextTimeline(std::span<const Operation> history,
                                      std::span<const std::size_t> window) {
  constexpr std::size_t kCells = 32;
  const View view = Choose(history, window);
  std::vector<std::string> lines;
  for (const Drawn& drawn : view.drawn) {
    const Operation& op = *drawn.operation;
    const auto from = static_cast<std::size_t>(view.Place(op.start) * (kCells - 1));
    const auto to = static_cast<std::size_t>(view.Place(op.end) * (kCells - 1));
    std::string bar(kCells, ' ');
    bar.replace(from, to - from + 1, to - from + 1, drawn.marked ? '#' : '-');
    if (op.pending()) bar[to] = '>';
    const std::string end = op.pending() ? "never" : Format("%.3f", Microseconds(view, op.end));
    lines.push_back(Format("%c %11.3f .. %11s us |", drawn.marked ? '!' : ' ', Microseconds(view, op.start),
                           end.c_str()) +
                    bar + Format("| client %-3d ", op.client) + Describe(op));
  }
  return lines;
}

std::string SvgTimeline(std::span<const Operation> history, std::span<const std::size_t> window) {
  const View view = Choose(history, window);
  return view.drawn.empty() ? "" : Picture(view).Draw();
}

}  // namespace aether::conformance
