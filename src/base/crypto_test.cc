#include "base/crypto.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace herald {
namespace {

// The key and signatures of the seed protocol's test vectors.
constexpr std::string_view kRsa1024 = R"(-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/cD+49YWt7XLk37WaG0zKCD/O
LKA+u558UDWz/Jaxzv9omoEBIpZ3jG104JOwu4UJvxgCAwhRUc4uNCpxetuj3Mff
sepWTSmx7rHQRCur+plBGcLGxReg+yNNE7U4NINT9Sw7+BGDr55Iy/9qnIS0lUcR
ItXhrddEj1rfFe+gcwIDAQAB
-----END PUBLIC KEY-----
)";
constexpr std::string_view kRsa1024Base64 =
    "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUlHZk1BMEdDU3FHU0liM0RRRUJBUVVBQTRHTkFEQ0JpUUtCZ1FDL2NEKzQ5WVd0N1hMazM3V2FHMH"
    "pL"
    "Q0QvTwpMS0ErdTU1OFVEV3ovSmF4enY5b21vRUJJcFozakcxMDRKT3d1NFVKdnhnQ0F3aFJVYzR1TkNweGV0dWozTWZmCnNlcFdUU214N3JIUVJDdX"
    "Ir"
    "cGxCR2NMR3hSZWcreU5ORTdVNE5JTlQ5U3c3K0JHRHI1NUl5LzlxbklTMGxVY1IKSXRYaHJkZEVqMXJmRmUrZ2N3SURBUUFCCi0tLS0tRU5EIFBVQk"
    "xJ"
    "QyBLRVktLS0tLQo=";
constexpr std::string_view kHelloSignature =
    "5479874682100f250f250da2b36e41130b5d0215441fab2710e7146ce0c7333b5892ce4955736999193ac4bcd695e37b81189809a2d500053f"
    "d4"
    "02fabb5cf2492b67b765ef46034bc0381c19ba01eef08c5905c50bf41eb56286d662f4eae44c5312f602f92e4545176503d8680872ddc2f97a"
    "ca"
    "9e98f418a07a80aada1f6735";
constexpr std::string_view kHolaSignature =
    "4643a19d111aca2558b9591a5032fd563a386fb091498e72381cc60f1c287710677be9d6b7f85e7073be018c31d86421fcf722298a35d2618d"
    "fc"
    "057170d964b45ef1bf37c07675acb4f475bb8be46ac6fa57dba9fd5550c090653f54b49e2fc0eea82db59938827855de7fca22679f8f9e1156"
    "c7"
    "1bf2edc763c4c2cd78e29aa6";
constexpr std::string_view kHelloNewlineSignature =
    "3291d1061d08e185f5bd50579dc4e83946e8d801ccbe95cdd02a3d373f01c566f57f810bbfac87b4203b426b4092621927f5aff2957edbb36e"
    "16"
    "f9c81dbc9452501a44661e149af05a0b9562edcac1e1e28bae6ddd74eeb0990eb9dd711613c085b111002f58b288fe0d1251e230c209e0aadc"
    "11"
    "1eab585549f35bde9a49f08d";

// Made and signed with the openssl command.
constexpr std::string_view kP256 = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVAXOTAZgtVZkZzteaEr1q21qeh4o
dHSz2aJEhkpyOWljTOFaUQBMASGzRv1lkn7Apcuz1Di3tRoKqBGzc9QE9w==
-----END PUBLIC KEY-----
)";
constexpr std::string_view kP256HelloSignature =
    "3046022100ada6a1e9bcde0a8e4635175c0692244d11a350cb0c9d3f4162173a7113830eff0221008ee17d0494f364a2663e0d4c288c35a318"
    "5b"
    "6d43ad351502b7aae409018fd77b";

// A throw-away key in the form that `openssl ecparam -genkey` writes.
constexpr std::string_view kTraditionalPrivate = R"(-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIetSRuie4Nc04CpgsRPp7MLo4d+fnfkm56Gl/kIk5bQoAoGCCqGSM49
AwEHoUQDQgAEvcpRuuIo48jQCNPt1cczQDHzOz7P4anObVy+HsHldazVkP1Wx4sB
uWMJszKEbo3LmClwkkqGKF5xlCcUkVTQeg==
-----END EC PRIVATE KEY-----
)";

constexpr std::string_view kRsaPss = R"(-----BEGIN PUBLIC KEY-----
MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAPHh89UrwcLsIHRHlqru0JMc
KsjEkNCUIo2w8GmR8Df/JKSbsOzfz3x0UTkQ4wCumpeGektVe1bLXzU4F5qvf+tc
U/J0mXObBl10ns1jX35n1osI1F5knPMm6YN6aUOH1TexeMwCT3oxX4lknEbJ/DdZ
wFdtbd4I74lhR1ONhE4u1BkaYlcsAL2CFWtjA+S9CKI7QZB4i4DGll93hy3snVGv
63g1kmlqLN6/bLFuSAdydD/gkapGSi2p4pA+6ydngMSxUhGMaox0pBhllzLrWDIh
u5kP7e7Yqd/sDXs+s7ONYaOX7A2PnhBoOq1Fz7MxxPhqH747nXxAD1W480gabKEC
AwEAAQ==
-----END PUBLIC KEY-----
)";

constexpr std::string_view kP384 = R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEOf0WjheJrtmrr12dcCi4xdR9tCz0nhj/
XykF5Q9JIYv8bJfnEJie30fZ3gIk5ehMYgXNBQMRC19pL9zeg+96OjIDQtrUFS+I
NKp5QUbnoHmccB0foblT/yGE7N1XHj1L
-----END PUBLIC KEY-----
)";

constexpr std::string_view kSecp256k1 = R"(-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEU6Pyis7ta7Y6Fkmnue0pd0pvAi8ZxF3x
nX4upLT8wGVjmNpnxZalXGd3uj/WODRzjrRpFfphOgGMKQZvyJhCQA==
-----END PUBLIC KEY-----
)";

constexpr std::string_view kEd448 = R"(-----BEGIN PUBLIC KEY-----
MEMwBQYDK2VxAzoAiqddPj9qsboBrdd3XLmZVpxinbOupwMKr9DX1Lb6Nv4j1UJC
eG1bAhbXHOBYTFWOEBpD6KfHRSwA
-----END PUBLIC KEY-----
)";

constexpr std::string_view kX25519 = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAOymPq0CGTI9Y8Uexh/Z+1hM2jJZN9Yhok6aKncpS5hQ=
-----END PUBLIC KEY-----
)";

constexpr std::string_view kExponentOne = R"(-----BEGIN PUBLIC KEY-----
MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEArUXyPTsaEd9Yf9KAO6ts
OY2INIp+7Y0U8G0/73AZZqDDgeiPOMDI/YcSuLwHbzeHudF54GwP1PX4EwxCN3MO
36+9Z/lhlpnP4ZiK2fBsFEoCW0E/ipoCHqZIp90Gg565Bbbm4wfUvtxRQxGT5sPz
ORorjx/x/UKil1XUwTqQKTHNRH41uLbY/kQuPUNyBOUtsiIaWACKBabEZHFZwyTJ
hZuBDnZuydKGY8qCjdX0s7LksGzmB0HHqHzkLIIYBy6MNb+ZLcnpxhZhLnaWps7M
G3jlEGFzEdijws5vRH7U1XseL+uJQUw0PBAnxNHDhrvEzWE+MNjxat+Rt1hKImWx
9QIBAQ==
-----END PUBLIC KEY-----
)";

constexpr std::string_view kExponentHuge = R"(-----BEGIN PUBLIC KEY-----
MIIBLDANBgkqhkiG9w0BAQEFAAOCARkAMIIBFAKCAQEArUXyPTsaEd9Yf9KAO6ts
OY2INIp+7Y0U8G0/73AZZqDDgeiPOMDI/YcSuLwHbzeHudF54GwP1PX4EwxCN3MO
36+9Z/lhlpnP4ZiK2fBsFEoCW0E/ipoCHqZIp90Gg565Bbbm4wfUvtxRQxGT5sPz
ORorjx/x/UKil1XUwTqQKTHNRH41uLbY/kQuPUNyBOUtsiIaWACKBabEZHFZwyTJ
hZuBDnZuydKGY8qCjdX0s7LksGzmB0HHqHzkLIIYBy6MNb+ZLcnpxhZhLnaWps7M
G3jlEGFzEdijws5vRH7U1XseL+uJQUw0PBAnxNHDhrvEzWE+MNjxat+Rt1hKImWx
9QINEAAAAAAAAAAAAAAAAQ==
-----END PUBLIC KEY-----
)";

Result<std::shared_ptr<const PublicKey>> parse(std::string_view pem) {
  return PublicKey::from_pem(pem, 1024);
}

bool verifies(const PublicKey& key, std::string_view text, std::string_view signature_hex) {
  return key.verifies(as_bytes(text), from_hex(signature_hex).value());
}

TEST(Sha256, FollowsTheVectorsOfFips180) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HmacSha256, FollowsTheVectorsOfRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(ConstantTimeEqual, ComparesContentAndLength) {
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_TRUE(constant_time_equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("abcd")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), {}));
}

TEST(PublicKey, VerifiesTheVectorsOfTheSeedProtocol) {
  const auto key = parse(kRsa1024);
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(verifies(**key, "Hello", kHelloSignature));
  EXPECT_TRUE(verifies(**key, "\xc2\xa1Hola! \xe2\x98\x8e", kHolaSignature));
  EXPECT_FALSE(verifies(**key, "Hello", kHelloNewlineSignature));
  EXPECT_TRUE(verifies(**key, "Hello\n", kHelloNewlineSignature));
  EXPECT_FALSE(verifies(**key, "hello", kHelloSignature));
}

TEST(PublicKey, IsTheOneOfTheRegisteredBase64) {
  EXPECT_EQ(as_text(from_base64(kRsa1024Base64).value()), kRsa1024);
}

TEST(PublicKey, VerifiesDerSignaturesOfP256) {
  const auto key = parse(kP256);
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(verifies(**key, "Hello", kP256HelloSignature));
  EXPECT_FALSE(verifies(**key, "hello", kP256HelloSignature));
}

TEST(PublicKey, AShortRsaKeyIsRefused) {
  for (const int min_bits : {1025, 2048}) {
    const auto key = PublicKey::from_pem(kRsa1024, min_bits);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().kind, ErrorKind::kInvalid);
  }
  EXPECT_TRUE(PublicKey::from_pem(kRsa1024, 1024).has_value());
  EXPECT_TRUE(PublicKey::from_pem(kP256, 2048).has_value());
}

TEST(PublicKey, OtherAlgorithmsCurvesAndExponentsAreRefused) {
  for (const auto pem : {kRsaPss, kP384, kSecp256k1, kEd448, kX25519, kExponentOne, kExponentHuge}) {
    const auto key = parse(pem);
    ASSERT_FALSE(key.has_value()) << pem;
    EXPECT_EQ(key.error().kind, ErrorKind::kInvalid);
  }
}

TEST(PublicKey, OnlyTheBlockItselfIsAccepted) {
  const std::string good(kP256);
  EXPECT_TRUE(parse("\n" + good + "\r\n \n").has_value());
  const auto private_pem = PrivateKey::generate(PrivateKey::Algorithm::kEd25519).value()->private_pem();
  std::string renamed(kRsa1024);
  for (std::size_t at = 0; (at = renamed.find("PUBLIC", at)) != std::string::npos; at += 10) renamed.insert(at, "RSA ");
  std::string short_block(kP256);
  short_block.erase(short_block.find('\n') + 5, 4);
  // A whole key, then four more bytes inside the same block.
  std::string long_block(kP256);
  long_block.replace(long_block.find("9w=="), 4, "9wAAAAA=");
  for (const auto& bad :
       {std::string(), std::string("hello"), std::string(kRsa1024Base64), good + "x", good + good, "x" + good,
        good.substr(0, good.size() / 2), private_pem, renamed, short_block, long_block, good + std::string(1, '\0')}) {
    const auto key = parse(bad);
    ASSERT_FALSE(key.has_value()) << bad;
    EXPECT_EQ(key.error().kind, ErrorKind::kInvalid);
  }
}

class EveryAlgorithm : public testing::TestWithParam<PrivateKey::Algorithm> {};

TEST_P(EveryAlgorithm, ASignatureCoversExactlyTheData) {
  const auto key = PrivateKey::generate(GetParam()).value();
  const auto shown = PublicKey::from_pem(key->public_pem(), 2048);
  ASSERT_TRUE(shown.has_value());
  auto signature = key->sign(as_bytes("Hello")).value();
  EXPECT_TRUE((*shown)->verifies(as_bytes("Hello"), signature));
  EXPECT_FALSE((*shown)->verifies(as_bytes("Hello\n"), signature));
  EXPECT_FALSE((*shown)->verifies({}, signature));
  EXPECT_FALSE((*shown)->verifies(as_bytes("Hello"), {}));
  const auto shorter = ByteView(signature).first(signature.size() - 1);
  EXPECT_FALSE((*shown)->verifies(as_bytes("Hello"), shorter));
  signature.push_back(0);
  EXPECT_FALSE((*shown)->verifies(as_bytes("Hello"), signature));
  EXPECT_TRUE((*shown)->verifies({}, key->sign({}).value()));
}

TEST_P(EveryAlgorithm, AnotherKeyDoesNotVerify) {
  const auto key = PrivateKey::generate(GetParam()).value();
  const auto other = PrivateKey::generate(GetParam()).value();
  const auto shown = PublicKey::from_pem(other->public_pem(), 2048).value();
  EXPECT_FALSE(shown->verifies(as_bytes("Hello"), key->sign(as_bytes("Hello")).value()));
}

TEST_P(EveryAlgorithm, ThePrivatePemComesBack) {
  const auto key = PrivateKey::generate(GetParam()).value();
  const auto again = PrivateKey::from_pem(key->private_pem());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ((*again)->public_pem(), key->public_pem());
}

INSTANTIATE_TEST_SUITE_P(PrivateKey, EveryAlgorithm,
                         testing::Values(PrivateKey::Algorithm::kRsa2048, PrivateKey::Algorithm::kEcdsaP256,
                                         PrivateKey::Algorithm::kEd25519));

TEST(PublicKey, DescribesItself) {
  EXPECT_EQ(parse(kRsa1024).value()->describe(), "RSA-1024");
  EXPECT_EQ(parse(kP256).value()->describe(), "ECDSA-P-256");
  const auto key = PrivateKey::generate(PrivateKey::Algorithm::kEd25519).value();
  EXPECT_EQ(parse(key->public_pem()).value()->describe(), "Ed25519");
}

TEST(PrivateKey, ReadsTheTraditionalForm) {
  const auto key = PrivateKey::from_pem(kTraditionalPrivate);
  ASSERT_TRUE(key.has_value());
  const auto shown = parse((*key)->public_pem()).value();
  EXPECT_TRUE(shown->verifies(as_bytes("Hello"), (*key)->sign(as_bytes("Hello")).value()));
}

TEST(PrivateKey, RefusesWhatIsNotOne) {
  for (const std::string_view bad : {std::string_view(), std::string_view("hello"), kP256}) {
    const auto key = PrivateKey::from_pem(bad);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().kind, ErrorKind::kInvalid);
  }
}

}  // namespace
}  // namespace herald
