// NKeys are Ed25519 keys in base32 with a type and a checksum; JWTs are claims signed with them.

#include "identities.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace aether::jetstream {
namespace {

using Json = nlohmann::json;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

enum class KeyType : std::uint8_t { kOperator = 14 << 3, kAccount = 0, kUser = 20 << 3 };
constexpr std::uint8_t kSeedPrefix = 18 << 3;

std::string Base32(const std::string& bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 5; count -= 5)
      text += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits >> (count - 5) & 31];
  }
  if (count > 0) text += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits << (5 - count) & 31];
  return text;
}

std::string Base64Url(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

// CRC-16/XMODEM, appended low byte first.
std::string WithChecksum(std::string bytes) {
  std::uint16_t crc = 0;
  for (const unsigned char byte : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ byte << 8);
    for (int i = 0; i < 8; ++i)
      crc = static_cast<std::uint16_t>(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
  }
  bytes += static_cast<char>(crc & 255);
  bytes += static_cast<char>(crc >> 8);
  return bytes;
}

class NKey {
 public:
  explicit NKey(KeyType type)
      : type_(type), key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free) {}

  std::string PublicKey() const {
    const std::string prefix(1, static_cast<char>(type_));
    return Base32(WithChecksum(prefix + Raw(EVP_PKEY_get_raw_public_key)));
  }

  std::string Seed() const {
    const auto type = static_cast<std::uint8_t>(type_);
    const std::string prefix{static_cast<char>(kSeedPrefix | type >> 5),
                             static_cast<char>((type & 31) << 3)};
    return Base32(WithChecksum(prefix + Raw(EVP_PKEY_get_raw_private_key)));
  }

  std::string Sign(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get());
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    return signature;
  }

 private:
  template <typename Get>
  std::string Raw(Get get) const {
    std::array<unsigned char, 32> bytes{};
    std::size_t size = bytes.size();
    get(key_.get(), bytes.data(), &size);
    return std::string(bytes.begin(), bytes.end());
  }

  KeyType type_;
  KeyPtr key_;
};

std::string MakeJwt(const NKey& issuer, const NKey& subject, const std::string& name, Json nats) {
  nats["version"] = 2;
  const Json header = {{"typ", "JWT"}, {"alg", "ed25519-nkey"}};
  const Json claims = {{"jti", "test-" + name}, {"iat", 1'600'000'000},       {"iss", issuer.PublicKey()},
                       {"name", name},          {"sub", subject.PublicKey()}, {"nats", std::move(nats)}};
  const std::string text = Base64Url(header.dump()) + "." + Base64Url(claims.dump());
  return text + "." + Base64Url(issuer.Sign(text));
}

std::string MakeAccountJwt(const NKey& op, const NKey& account, const std::string& name) {
  Json limits;
  for (const char* what : {"subs", "data", "payload", "imports", "exports", "conn", "leaf"})
    limits[what] = -1;
  limits["wildcards"] = true;
  // The system account may not have JetStream.
  if (name != "SYS") {
    for (const char* what : {"mem_storage", "disk_storage", "streams", "consumer"}) limits[what] = -1;
  }
  return MakeJwt(op, account, name, {{"type", "account"}, {"limits", limits}});
}

std::string MakeCredentials(const NKey& account) {
  const NKey user(KeyType::kUser);
  const Json permissions = {
      {"type", "user"}, {"pub", Json::object()}, {"sub", Json::object()}, {"subs", -1},
      {"data", -1},     {"payload", -1}};
  return "-----BEGIN NATS USER JWT-----\n" + MakeJwt(account, user, "user", permissions) +
         "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + user.Seed() +
         "\n------END USER NKEY SEED------\n";
}

bool Run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

bool MakeAuthority(const std::string& path, const std::string& name) {
  return Run(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=" +
      name + "' -keyout " + path + "-key.pem -out " + path + ".pem");
}

bool MakeCertificate(const std::string& directory, const std::string& name, const std::string& hosts) {
  const std::string path = directory + "/" + name;
  return Run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=" + name +
             "' -addext 'subjectAltName=" + hosts + "' -keyout " + path + "-key.pem -out " + path +
             ".csr") &&
         Run("openssl x509 -req -days 30 -copy_extensions copy -CA " + directory + "/ca.pem -CAkey " +
             directory + "/ca-key.pem -CAcreateserial -in " + path + ".csr -out " + path + ".pem");
}

}  // namespace

OperatorSetup MakeOperatorSetup() {
  const NKey op(KeyType::kOperator);
  const NKey account(KeyType::kAccount);
  const NKey system(KeyType::kAccount);
  OperatorSetup setup;
  setup.server_config = "operator: " + MakeJwt(op, op, "operator", {{"type", "operator"}}) +
                        "\nsystem_account: " + system.PublicKey() +
                        "\nresolver: MEMORY\nresolver_preload: {\n  " + account.PublicKey() + ": " +
                        MakeAccountJwt(op, account, "APP") + "\n  " + system.PublicKey() + ": " +
                        MakeAccountJwt(op, system, "SYS") + "\n}\n";
  setup.credentials = MakeCredentials(account);
  setup.strange_credentials = MakeCredentials(NKey(KeyType::kAccount));
  return setup;
}

bool MakeCertificates(const std::filesystem::path& directory) {
  const std::string path = directory.string();
  return MakeAuthority(path + "/ca", "test authority") &&
         MakeAuthority(path + "/other-ca", "other authority") &&
         MakeCertificate(path, "server", "DNS:localhost,IP:127.0.0.1") &&
         MakeCertificate(path, "client", "DNS:client") &&
         MakeCertificate(path, "elsewhere", "DNS:elsewhere.test");
}

}  // namespace aether::jetstream
