// The certificate that Alibaba Cloud signs instance identities with, built in as data.
//
// Source: Alibaba Cloud documentation, "Use instance identities" (document 67254), where it is "the
// public certificate of Alibaba Cloud in all regions". Self-signed; each part of its name is the
// word `Unknown`; serial number 0x6666D187; RSA, 2048 bits, e = 65537.
// Valid from 2018-02-23T01:29:38Z to 2038-02-18T01:29:38Z.
// SHA-256 fingerprint:
// 09:02:59:56:E3:89:5B:FD:DE:CC:DC:9B:37:52:75:34:CD:AF:50:1B:FC:81:4B:E8:80:8A:12:F8:71:0A:19:41

import { type Bytes, fromBase64 } from '../base/bytes.ts'
import { type TrustAnchor, createTrustAnchor } from './trust-anchor.ts'

const CERTIFICATE = /* @__PURE__ */ fromBase64(
  'MIIDdzCCAl+gAwIBAgIEZmbRhzANBgkqhkiG9w0BAQsFADBsMRAwDgYDVQQGEwdVbmtub3duMRAwDgYDVQQIEwdV' +
    'bmtub3duMRAwDgYDVQQHEwdVbmtub3duMRAwDgYDVQQKEwdVbmtub3duMRAwDgYDVQQLEwdVbmtub3duMRAwDgYD' +
    'VQQDEwdVbmtub3duMB4XDTE4MDIyMzAxMjkzOFoXDTM4MDIxODAxMjkzOFowbDEQMA4GA1UEBhMHVW5rbm93bjEQ' +
    'MA4GA1UECBMHVW5rbm93bjEQMA4GA1UEBxMHVW5rbm93bjEQMA4GA1UEChMHVW5rbm93bjEQMA4GA1UECxMHVW5r' +
    'bm93bjEQMA4GA1UEAxMHVW5rbm93bjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAIJwy5sbZDiNyX4m' +
    'vdP32pqMYMK4k7+5lRnVR2Fky/5uwyGSPbddNXaXzwEm+u4wIsJiaAN3OZgJpYIoCGik+9lG5gVAIr0+/3rZ61Ib' +
    'eVE+vDenDd8g/m/YIdYBfC2IbzgS9EVGAf/gJdtDODXrDfQjFk2rQsvpftVOUs3Vpl9O+jeCQLoRbZYm0c5v7jP/' +
    'L2lK0MjhiywPF2kpDeisMtnD/ArkSPIlg1qVYm3F19v3pa6ZioM2hnwXg5DibYlgVvsIBGhvYqdQ1KosNVcVGGQa' +
    'HCUuVGdS7vHJYp3byH0vQYYygzxUJT2TqvK7pD57eYMN5drc7e19oyRQvbPQ3kkCAwEAAaMhMB8wHQYDVR0OBBYE' +
    'FAwwrnHlRgFvPGo+UD5zS1xAkC91MA0GCSqGSIb3DQEBCwUAA4IBAQBBLhDRgezd/OOppuYEVNB9+XiJ9dNmcuHU' +
    'hjNTnjiKQWVk/YDAv+T2V3t9yl8L8o61tRIVKQ++lDhjlVmur/mbBN25/UNRpJllfpUH6oOaqvQAze4anRgyTnBw' +
    'VBZkdJ0d1sivL9NZ4pKelJF3Ylw6rp0YMqV+cwkt/vRtzRJ31ZEeBhs7vKh7F6BiGCHL5ZAwEUYe8O3akQwjgrMU' +
    'cfuiFs4/sAeDMnmgN6Uq8DFEBXDpAxVNsV/6Hockdfinx85RV2AUwJGfClcVcu4hMhOvKROpcH27xu9bBIeMuY0v' +
    'vzP2VyOmDoJeqU7qZjyCaUBkPimsz/1eRod6d4P5qxTj',
) as Bytes

/** The trust anchors of Alibaba Cloud ECS: one certificate for all regions, valid until 2038-02-18. */
export const ALIBABA_CLOUD_TRUST_ANCHORS: readonly TrustAnchor[] = /* @__PURE__ */ [
  CERTIFICATE,
].map(createTrustAnchor)
