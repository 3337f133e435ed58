"""Currencies of ISO 4217 that are in use as money of account, and how many digits their minor unit has; fund codes,
metals and test codes are left out.
"""

from decimal import Decimal

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

CURRENCIES = frozenset(_CODES.split())

_WITHOUT_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_IN_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"


def minor_unit_digits(currency: str) -> int:
    """Decimals of the currency's minor unit: 0 for JPY, 3 for KWD, otherwise 2."""
    if currency in _WITHOUT_MINOR_UNIT.split():
        return 0
    return 3 if currency in _IN_THOUSANDTHS.split() else 2


def minor_unit(currency: str) -> Decimal:
    """The smallest amount that the currency can be paid in: 1 for JPY, 0.001 for KWD, otherwise 0.01."""
    return Decimal(1).scaleb(-minor_unit_digits(currency))
