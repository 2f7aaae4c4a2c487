// libaether_faults.so comes within this library, so that a program that is linked with it needs nothing
// beside it.

#include "faults/fault_library.h"

#ifdef AETHER_FAULT_LIBRARY
asm(".section .rodata\n"
    ".balign 16\n"
    ".global aether_fault_library_begin, aether_fault_library_end\n"
    ".hidden aether_fault_library_begin, aether_fault_library_end\n"
    "aether_fault_library_begin:\n"
    ".incbin \"" AETHER_FAULT_LIBRARY
    "\"\n"
    "aether_fault_library_end:\n"
    ".previous\n");
extern "C" {
extern const char begin[] asm("aether_fault_library_begin");
extern const char end[] asm("aether_fault_library_end");
}
#endif

namespace aether::conformance {

std::string_view FaultLibrary() {
#ifdef AETHER_FAULT_LIBRARY
  return {begin, static_cast<std::size_t>(end - begin)};
#else
  return {};
#endif
}

}  // namespace aether::conformance
