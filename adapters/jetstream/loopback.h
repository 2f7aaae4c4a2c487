// Addresses of this machine alone.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>

namespace aether {

// 127.0.0.1 with this port; 0: with one that is free, when it is bound.
inline sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

}  // namespace aether
