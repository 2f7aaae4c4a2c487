// main() of a benchmark program.

#include "aether/bench/bench.h"

int main(int argc, char** argv) { return aether::bench::Main(argc, argv); }
