// Credentials for tests: NKeys and JWTs of an operator, its accounts and a user; certificates.

#pragma once

#include <filesystem>
#include <string>

namespace aether::jetstream {

// A server run by an operator who admits users by JWT.
struct OperatorSetup {
  std::string server_config;        // for NatsServerOptions::config
  std::string credentials;          // text of a .creds file that the server admits
  std::string strange_credentials;  // likewise of an account that the server does not know
};

OperatorSetup MakeOperatorSetup();

// Runs the openssl program to make, in `directory`: ca.pem, server.pem and server-key.pem (for localhost
// and 127.0.0.1), client.pem and client-key.pem, all signed by that authority; elsewhere.pem and
// elsewhere-key.pem, a server's for another host; and other-ca.pem, an authority that has signed none.
// False when openssl fails.
bool MakeCertificates(const std::filesystem::path& directory);

}  // namespace aether::jetstream
