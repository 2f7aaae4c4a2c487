// Interrupts: a run that is asked to end tells what it measured so far, and ends its programs.

#pragma once

namespace aether::bench::compare {

// From now on SIGINT, SIGTERM and SIGHUP are only noted; but those that were ignored, such as by nohup,
// still are. A program that died is no reason to die when it is written to.
void NoteInterrupts();

// Whether one was noted.
bool Interrupted();

}  // namespace aether::bench::compare
