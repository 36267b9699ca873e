#include <iostream>

#include "app/commands/commands.h"
#include "app/commands/webpush_keys.h"
#include "app/files.h"
#include "app/token_keys.h"
#include "base/crypto.h"

namespace herald::app {

namespace {

PrivateKey::Algorithm algorithm_of(const std::string& type) {
  if (type == "ecdsa") return PrivateKey::Algorithm::kEcdsaP256;
  if (type == "ed25519") return PrivateKey::Algorithm::kEd25519;
  return PrivateKey::Algorithm::kRsa2048;
}

int make_token_keys(const std::string& out) {
  SystemRandom random;
  const std::string file = out + ".keys";
  if (const Status made = write_new_file(file, make_token_key(random), 0600); !made) {
    return report({ExitCode::kFailed, made.error().message});
  }
  std::cout << "UA token key   " << file << "\n\nUse it:    herald serve --token-key-file " << file
            << "\nRotate it: put a new key on the first line and keep the old one below; devices keep their tokens.\n";
  return 0;
}

int make_signing_keys(const KeysCommand& command) {
  const auto key = PrivateKey::generate(algorithm_of(command.type));
  if (!key) return report({ExitCode::kFailed, key.error().message});
  const std::string private_file = command.out + ".private.pem";
  const std::string public_file = command.out + ".public.pem";
  const std::string public_pem = (*key)->public_pem();
  Status made = write_new_file(private_file, (*key)->private_pem(), 0600);
  if (made) made = write_new_file(public_file, public_pem, 0644);
  if (!made) return report({ExitCode::kFailed, made.error().message});
  std::cout << "private key   " << private_file << "   keep it secret\npublic key    " << public_file
            << "\npbkbase64     " << to_base64(as_bytes(public_pem))
            << "\n\nA device registers the public key, then only signed messages reach it:\n  herald listen --key "
            << public_file << "\nSend a signed one to the URL it prints:\n  herald send URL 'Hello' --sign "
            << private_file << '\n';
  return 0;
}

int make_vapid_keys(const KeysCommand& command) {
  const VapidKeys keys{P256PrivateKey::generate(), command.subject};
  const std::string file = command.out + ".vapid.json";
  if (const Status made = write_new_file(file, vapid_keys_json(keys), 0600); !made) {
    return report({ExitCode::kFailed, made.error().message});
  }
  std::cout << "VAPID keys      " << file << "   keep it secret\npublic key      " << to_base64url(keys.key->point())
            << "\n\nA page subscribes with it:\n  registration.pushManager.subscribe({userVisibleOnly: true, "
               "applicationServerKey: PUBLIC_KEY})\nSend to what it got:\n  herald send --webpush subscription.json "
               "--vapid "
            << file << " 'Hello'\n";
  return 0;
}

}  // namespace

int run(const KeysCommand& command) {
  if (command.type == "vapid") return make_vapid_keys(command);
  return command.type == "token" ? make_token_keys(command.out) : make_signing_keys(command);
}

}  // namespace herald::app
