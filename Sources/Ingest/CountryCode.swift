/// A country as ISO 3166-1 names it with two letters, in upper case; and Kosovo's XK, which everybody uses.
struct CountryCode: Hashable, Sendable {
    /// Two ASCII letters.
    let first: UInt8
    let second: UInt8

    /// Nil for whatever is no country's code, such as the `XX` and `T1` of proxies that do not know it.
    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count == 2, let index = Self.index(text[0], text[1]), Self.isCountry[index] else { return nil }
        (first, second) = (text[0], text[1])
    }

    var bytes: [UInt8] { [first, second] }

    private static func index(_ first: UInt8, _ second: UInt8) -> Int? {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard letters.contains(first), letters.contains(second) else { return nil }
        return Int(first - letters.lowerBound) * letters.count + Int(second - letters.lowerBound)
    }

    /// For each pair of letters whether it is a country's.
    private static let isCountry: [Bool] = {
        var table = [Bool](repeating: false, count: 26 * 26)
        for code in codes.split(whereSeparator: \.isWhitespace) {
            let bytes = Array(code.utf8)
            if bytes.count == 2, let index = index(bytes[0], bytes[1]) { table[index] = true }
        }
        return table
    }()

    private static let codes = """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
        CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
        FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
        JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
        MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
        PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
        TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
        """
}
