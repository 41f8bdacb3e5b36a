/** A key and its certificate as PEM text. */
export interface TestCertificate {
  /** The private key. */
  readonly key: string
  /** The certificate. */
  readonly cert: string
}

/**
 * A self-signed certificate for `localhost`, 127.0.0.1 and ::1, valid for 100 years. Its key is
 * published in this package: for tests only.
 */
export function testCertificate(): TestCertificate {
  return { key: TEST_ONLY_KEY, cert: TEST_ONLY_CERTIFICATE }
}

const TEST_ONLY_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsTzOZ9WoSvPwBKss
PGynQSndrqlOToiqRidPvKeufMmhRANCAASeiS+jTnBbVVvjuubmZHS7pXPKn7/T
3wif0JlONaewVcELSJJog4l78tYoopuk5HILFF/WyYUNfCjVQ3dLY9mQ
-----END PRIVATE KEY-----
`

const TEST_ONLY_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBrTCCAVSgAwIBAgIUDTiuo2EGV8EHFJsz2tD/24GX3KcwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDIyNDYxMVoYDzIxMjYxMDI3
MjI0NjExWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASeiS+jTnBbVVvjuubmZHS7pXPKn7/T3wif0JlONaewVcELSJJog4l7
8tYoopuk5HILFF/WyYUNfCjVQ3dLY9mQo4GBMH8wHQYDVR0OBBYEFJnQple6ltuE
oHr4r+LtR7vvxptaMB8GA1UdIwQYMBaAFJnQple6ltuEoHr4r+LtR7vvxptaMCwG
A1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAPBgNV
HRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIA2nRgqt4b4fmXspdCOEdY6l
Ysk88fplrgZHOU/BCC67AiBFUWc9Pf0fbAG6FXft4yK3t+H4s8atqKEgDOxIsWnb
fw==
-----END CERTIFICATE-----
`
