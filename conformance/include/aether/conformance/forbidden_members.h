// The members that a store's type must not have: rules API-01 and API-02, listed in spec/interface.md.
//
// A name counts when it is public and callable with 0 to 6 arguments. Private members and ambiguous names
// never accuse: a call that does not compile is no hit. The arguments are of a type that converts to
// everything, and of those that are usual in a store, so that overloaded members are found as well.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aether/event.h"

namespace aether::conformance {

namespace forbidden_detail {

// Stands for an argument of any type; never evaluated.
struct Anything {
  template <typename T>
  operator T() const;  // NOLINT: implicit on purpose
};

// As Anything, for parameters that are references to something that can be changed.
struct AnyReference {
  template <typename T>
  operator T&() const;  // NOLINT: implicit on purpose
};

// Whether `call(store, arguments...)` compiles for 0 to 6 arguments of the probing types.
template <typename Store, typename Call, typename Argument>
constexpr bool TakesSome(Call call) {
  using S = Store&;
  using A = Argument;
  return requires(S s, A a) { call(s, a); }
  || requires(S s, A a) { call(s, a, a); }
  || requires(S s, A a) { call(s, a, a, a); }
  || requires(S s, A a) { call(s, a, a, a, a); }
  || requires(S s, A a) { call(s, a, a, a, a, a); }
  || requires(S s, A a) { call(s, a, a, a, a, a, a); };
}

template <typename Store, typename Call>
constexpr bool Callable(Call call) {
  using Text = std::string;
  using Number = std::int64_t;
  return requires(Store & s) { call(s); }
  || TakesSome<Store, Call, Anything>(call) || TakesSome<Store, Call, AnyReference>(call) ||
      TakesSome<Store, Call, Text>(call) || TakesSome<Store, Call, Number>(call) ||
      TakesSome<Store, Call, Event>(call) || requires(Store & s, Text t, Number n) {
    call(s, t, n);
  }
  || requires(Store & s, Text t, Number n) { call(s, t, n, n); }
  || requires(Store & s, Text t, Event e) { call(s, t, e); }
  || requires(Store & s, Text t, Number n, Event e) { call(s, t, n, e); };
}

}  // namespace forbidden_detail

// Adds `name` to `found` when `Store` has it: a member's name can only be spelled by a macro.
#define AETHER_FIND_MEMBER(name)                                                                      \
  if (forbidden_detail::Callable<Store>(                                                              \
          [](auto& s, auto&&... a) -> decltype(s.name(static_cast<decltype(a)>(a)...)) { throw 0; })) \
  found.push_back(#name)
#define AETHER_FIND_MEMBERS(upper, lower, snake) \
  AETHER_FIND_MEMBER(upper);                     \
  AETHER_FIND_MEMBER(lower);                     \
  AETHER_FIND_MEMBER(snake)
#define AETHER_FIND_WORD(upper, lower) \
  AETHER_FIND_MEMBER(upper);           \
  AETHER_FIND_MEMBER(lower)

// The public members of `Store` that update events.
template <typename Store>
std::vector<std::string_view> UpdatingMembers() {
  std::vector<std::string_view> found;
  AETHER_FIND_WORD(Update, update);
  AETHER_FIND_MEMBERS(UpdateEvent, updateEvent, update_event);
  AETHER_FIND_WORD(Replace, replace);
  AETHER_FIND_MEMBERS(ReplaceEvent, replaceEvent, replace_event);
  AETHER_FIND_WORD(Overwrite, overwrite);
  AETHER_FIND_MEMBERS(OverwriteEvent, overwriteEvent, overwrite_event);
  AETHER_FIND_WORD(Modify, modify);
  AETHER_FIND_MEMBERS(ModifyEvent, modifyEvent, modify_event);
  AETHER_FIND_WORD(Rewrite, rewrite);
  AETHER_FIND_MEMBERS(RewriteEvent, rewriteEvent, rewrite_event);
  AETHER_FIND_WORD(Edit, edit);
  AETHER_FIND_MEMBERS(EditEvent, editEvent, edit_event);
  AETHER_FIND_WORD(Upsert, upsert);
  AETHER_FIND_MEMBERS(UpsertEvent, upsertEvent, upsert_event);
  AETHER_FIND_WORD(Patch, patch);
  AETHER_FIND_MEMBERS(PatchEvent, patchEvent, patch_event);
  return found;
}

// The public members of `Store` that delete events.
template <typename Store>
std::vector<std::string_view> DeletingMembers() {
  std::vector<std::string_view> found;
  AETHER_FIND_MEMBER(Delete);  // `delete` cannot be a member's name
  AETHER_FIND_MEMBERS(DeleteEvent, deleteEvent, delete_event);
  AETHER_FIND_MEMBERS(DeleteEvents, deleteEvents, delete_events);
  AETHER_FIND_MEMBERS(DeleteStream, deleteStream, delete_stream);
  AETHER_FIND_MEMBERS(DeleteActor, deleteActor, delete_actor);
  AETHER_FIND_WORD(Remove, remove);
  AETHER_FIND_MEMBERS(RemoveEvent, removeEvent, remove_event);
  AETHER_FIND_MEMBERS(RemoveEvents, removeEvents, remove_events);
  AETHER_FIND_MEMBERS(RemoveActor, removeActor, remove_actor);
  AETHER_FIND_WORD(Erase, erase);
  AETHER_FIND_MEMBERS(EraseEvent, eraseEvent, erase_event);
  AETHER_FIND_WORD(Truncate, truncate);
  AETHER_FIND_MEMBERS(TruncateStream, truncateStream, truncate_stream);
  AETHER_FIND_WORD(Purge, purge);
  AETHER_FIND_MEMBERS(PurgeStream, purgeStream, purge_stream);
  AETHER_FIND_WORD(Clear, clear);
  AETHER_FIND_WORD(Drop, drop);
  AETHER_FIND_MEMBERS(DropStream, dropStream, drop_stream);
  AETHER_FIND_WORD(Prune, prune);
  AETHER_FIND_WORD(Wipe, wipe);
  return found;
}

#undef AETHER_FIND_WORD
#undef AETHER_FIND_MEMBERS
#undef AETHER_FIND_MEMBER

}  // namespace aether::conformance
