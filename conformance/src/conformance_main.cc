// main() for conformance programs: aether::conformance_main.

#include "aether/conformance/main.h"

int main(int argc, char** argv) { return aether::conformance::Main(argc, argv); }
