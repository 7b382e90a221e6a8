//! What expressions yield, and the words of what goes wrong: one line per case.
//!
//! Method: each case is compiled in one environment and evaluated over one object; the result is compared as JSON text,
//! an error as its text.

use pintle_cel::{Activation, Budget, Env, EvalError, Type, Value};
use serde_json::json;

fn object_type() -> Type {
    let inner = Type::object("Spec.inner", [("n".to_owned(), Type::Int), ("t".to_owned(), Type::String)]);
    Type::object(
        "Spec",
        [
            ("a".to_owned(), Type::Int),
            ("s".to_owned(), Type::String),
            ("min".to_owned(), Type::Int),
            ("list".to_owned(), Type::list(Type::Int)),
            ("names".to_owned(), Type::list(Type::String)),
            ("map".to_owned(), Type::map(Type::String, Type::Int)),
            ("inner".to_owned(), inner),
            ("any".to_owned(), Type::Dyn),
            ("when".to_owned(), Type::Timestamp),
            ("long".to_owned(), Type::Duration),
            ("d".to_owned(), Type::Double),
            ("x__dash__y".to_owned(), Type::Int),
            ("__namespace__".to_owned(), Type::String),
        ],
    )
}

fn env() -> Env {
    Env::new().with_variable("self", object_type()).with_variable("x", Type::Dyn).with_mutation_types()
}

fn run(source: &str) -> String {
    let program = match env().compile(source) {
        Ok(program) => program,
        Err(errors) => return errors.to_string(),
    };
    let tree = json!({
        "a": 0, "s": "text", "list": [3, 1, 2], "names": ["b", "a"], "map": {"k": 1, "l": 2},
        "inner": {"n": 5}, "any": {"deep": [1, "two", null]}, "when": "2024-02-29T12:30:45.5Z", "long": "1h30m",
        "d": 2, "x-y": 7, "namespace": "ns"
    });
    let ty = object_type();
    let other = json!({"n": 1, "s": "str", "l": [1, 2], "b": true, "f": 1.5});
    let activation = Activation::new().with("self", Value::json(&tree, &ty)).with("x", Value::json(&other, &Type::Dyn));
    match program.eval(&activation, &mut Budget::default()).and_then(|value| value.to_json()) {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(source, expected)| (source, expected, run(source)))
        .filter(|(_, expected, found)| **expected != found.as_str())
        .map(|(source, expected, found)| format!("{source}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn operators() {
    check(&[
        ("1 + 2 * 3 - 4 / 2 % 5", "5"),
        ("-7 / 2", "-3"),
        ("7u + 1u", "8"),
        ("1.5 * 2.0", "3.0"),
        ("'a' + 'b'", "\"ab\""),
        ("[1] + [2]", "[1,2]"),
        ("1 < 2 && 2.0 >= 2 && 1u < 2", "true"),
        ("'a' < 'b' && b'a' < b'b' && false < true", "true"),
        ("1 == 1 ? 'yes' : 'no'", "\"yes\""),
        ("!(true || false)", "false"),
        ("2 in [1, 2]", "true"),
        ("'k' in {'k': 1}", "true"),
        ("{'a': [1, 2]}['a'][1]", "2"),
        ("[1, 2][3]", "error: index out of bounds: 3"),
        ("{'a': 1}['b']", "error: no such key: b"),
        ("10 / self.a > 1", "error: division by zero"),
        ("10 % self.a > 1", "error: modulus by zero"),
        ("9223372036854775807 + 1", "error: integer overflow"),
        ("0u - 1u", "error: unsigned integer overflow"),
        ("1 / 0 > 1 || true", "true"),
        ("true || 1 / 0 > 1", "true"),
        ("false && 1 / 0 > 1", "false"),
        ("1 / 0 > 1 && false", "false"),
        ("1 / 0 > 1 || false", "error: division by zero"),
        ("dyn(1) == dyn(1.0) && dyn(1) == dyn(1u)", "true"),
        ("dyn('1') == dyn(1)", "false"),
        ("x.n + x.s", "error: no such overload"),
        ("x.b + x.s", "error: no such overload: _+_"),
        ("x.n < x.s", "error: no such overload"),
        ("x.n.startsWith('a')", "error: no such overload: startsWith(int, string)"),
        ("x.n.size()", "error: no such overload: size"),
        ("x.n[0]", "error: no such key: 0"),
        ("x.n ? 1 : 2", "error: no such overload"),
        ("x.n && true", "error: no such overload"),
        ("x.n.all(i, i > 0)", "error: got 'types.Int', expected iterable type"),
        ("x.n == 1 && x.f == 1.5 && x.b", "true"),
        ("null == null", "true"),
        ("self.inner == null", "false"),
        ("{1: 'a'}[dyn(1u)]", "\"a\""),
        ("{'a': 1, 'a': 2}", "error: Failed with repeated key: a"),
        ("type(1) == int && type('a') == string && type([1]) == list && type({}) == map", "true"),
        ("type(timestamp('2024-01-01T00:00:00Z')) == google.protobuf.Timestamp", "true"),
        ("'é' + 'x' == 'éx'", "true"),
    ]);
}

#[test]
fn lexical_forms() {
    check(&[
        (r"r'\d' == '\\d'", "true"),
        ("\"\"\"a\nb\"\"\" == 'a\\nb'", "true"),
        (r"b'\xff\x00' == b'\377\000'", "true"),
        (r"'\u00e9\U0001F600' == 'é😀'", "true"),
        ("0x10 + -0x1", "15"),
        ("1e3 + .5", "1000.5"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "ERROR: <input>:1:1: invalid int literal\n | 9223372036854775808\n | ^"),
        ("1 // a comment", "1"),
        ("!!true && --1 == 1 && 1 - -1 == 2", "true"),
        ("false ? 1 : true ? 2 : 3", "2"),
        ("[1, 2,].size() + {'a': 1,}.size()", "3"),
        ("self.`inner`.n", "5"),
        (
            "'é' == self.nosuch",
            "ERROR: <input>:1:12: undefined field 'nosuch'\n | 'é' == self.nosuch\n | .．.........^",
        ),
        ("if", "ERROR: <input>:1:1: reserved identifier: if\n | if\n | ^"),
    ]);
}

#[test]
fn fields() {
    check(&[
        ("self.inner.n", "5"),
        ("self.min < 3", "error: no such key: min"),
        ("has(self.min)", "false"),
        ("has(self.inner.n) && !has(self.inner.t)", "true"),
        ("x.nosuch == 1", "error: no such key: nosuch"),
        ("x.s.foo == 1", "error: no such key: foo"),
        ("has(x.nosuch) || has(x.n)", "true"),
        ("self.any.deep[1]", "\"two\""),
        ("self.x__dash__y", "7"),
        ("self.__namespace__ + self.namespace", "\"nsns\""),
        ("self.map['k'] + self.map.l", "3"),
        ("self.map['z']", "error: no such key: z"),
        ("self.d / 4.0", "0.5"),
        ("self.when.getFullYear() + self.when.getMonth()", "2025"),
        ("self.long.getMinutes()", "90"),
        ("x.l['a']", "error: unsupported index type 'string' in list"),
    ]);
}

#[test]
fn macros() {
    check(&[
        ("self.list.all(i, i > 0)", "true"),
        ("self.list.exists(i, i > 2)", "true"),
        ("self.list.exists_one(i, i > 1)", "false"),
        ("self.list.map(i, i * 2)", "[6,2,4]"),
        ("self.list.map(i, i > 1, i * 2)", "[6,4]"),
        ("self.list.filter(i, i > 1)", "[3,2]"),
        ("self.map.all(k, k.matches('^[a-z]+$'))", "true"),
        ("self.map.map(k, k)", "[\"k\",\"l\"]"),
        ("self.list.all(i, self.list.exists(j, i == j))", "true"),
        ("[1, 2].map(i, [i].map(j, i + j))", "[[2],[4]]"),
        ("[0, 1].exists(i, 1 / i == 1)", "true"),
        ("[0, 2].exists(i, 1 / i == 1)", "error: division by zero"),
        ("[0, 1].all(i, 1 / i == 2)", "false"),
        ("[0, 1].map(i, 1 / i)", "error: division by zero"),
        ("self.list.all(i, v, i < 3 && v > 0)", "true"),
        ("self.map.exists(k, v, k == 'l' && v == 2)", "true"),
        ("self.map.transformMap(k, v, v + 1)", "{\"k\":2,\"l\":3}"),
        ("self.map.transformMap(k, v, k == 'k', v + 1)", "{\"k\":2}"),
        ("self.list.transformList(i, v, v + i)", "[3,2,4]"),
        ("self.names.transformMapEntry(i, v, {v: i})", "{\"a\":1,\"b\":0}"),
        ("cel.bind(n, self.list.size(), n * n)", "9"),
        (
            "[1].map(self.a, 1)",
            "ERROR: <input>:1:13: argument is not an identifier\n | [1].map(self.a, 1)\n | ............^",
        ),
        ("has(self)", "ERROR: <input>:1:5: invalid argument to has() macro\n | has(self)\n | ....^"),
    ]);
}

#[test]
fn optionals() {
    check(&[
        ("self.?inner.t.orValue('none')", "\"none\""),
        ("self.?inner.?n.value()", "5"),
        ("self.?min.hasValue()", "false"),
        ("self.?min.value()", "error: optional.none() dereference"),
        ("x.?nosuch.?deep.orValue(3)", "3"),
        ("self.list[?7].orValue(0) + self.map[?'k'].orValue(0)", "1"),
        ("self.?a.optMap(v, v + 1).orValue(9)", "1"),
        ("self.?min.optMap(v, v + 1).orValue(9)", "9"),
        ("self.?map.optFlatMap(m, m[?'l']).orValue(0)", "2"),
        ("optional.of(1).or(optional.of(2)).value()", "1"),
        ("optional.none().or(optional.of(2)).value()", "2"),
        ("optional.ofNonZeroValue('').hasValue()", "false"),
        ("[?self.?min, ?self.?a, 4]", "[0,4]"),
        ("{?'a': self.?min, 'b': 2}", "{\"b\":2}"),
    ]);
}

#[test]
fn conversions() {
    check(&[
        ("int('42') + int(2.9) + int(3u)", "47"),
        ("int('x')", "error: type conversion error from 'string' to 'int'"),
        ("string(1) + string(1.5) + string(true) + string(2u)", "\"11.5true2\""),
        ("string(1e21) + ' ' + string(1e-7) + ' ' + string(100.0)", "\"1e+21 1e-07 100\""),
        ("double('1.5') + double(1)", "2.5"),
        ("bool('true')", "true"),
        ("string(b'abc') + string(bytes('d'))", "\"abcd\""),
        (
            "duration(self.s) == duration('1s')",
            "error: type conversion error from 'string' to 'google.protobuf.Duration'",
        ),
        ("timestamp('2024-01-01T00:00:00Z') + duration('24h')", "\"2024-01-02T00:00:00Z\""),
        ("string(duration('1h1.5s'))", "\"3601.5s\""),
        ("timestamp('2024-01-01T00:00:00Z').getHours('America/New_York')", "19"),
        ("timestamp('2024-01-01T00:00:00Z').getHours('-08:00')", "16"),
        ("timestamp('2024-01-01T00:00:00Z').getDayOfWeek()", "1"),
        ("timestamp('2024-01-01T00:00:00Z').getHours('Nowhere/Land')", "error: unknown time zone Nowhere/Land"),
        ("size('héllo') + size([1]) + size({}) + b'abc'.size()", "9"),
    ]);
}

#[test]
fn strings() {
    check(&[
        ("'hello'.charAt(1) + 'Abc'.lowerAscii() + 'abc'.upperAscii()", "\"eabcABC\""),
        ("'hello'.substring(1, 3) + 'hello'.substring(3)", "\"ello\""),
        ("'hello'.substring(3, 1)", "error: invalid substring range. start: 3, end: 1"),
        ("'hello'.charAt(9)", "error: index out of range: 9"),
        ("'hello hello'.indexOf('ello') + 'hello hello'.indexOf('ello', 2) + 'a'.indexOf('z')", "7"),
        ("'hello hello'.lastIndexOf('ello')", "7"),
        ("'hello hello'.lastIndexOf('ello', 6)", "1"),
        ("'a,b'.split(',').join('-') + ['x', 'y'].join()", "\"a-bxy\""),
        ("'a,b,c'.split(',', 2)", "[\"a\",\"b,c\"]"),
        ("'ab'.split('')", "[\"a\",\"b\"]"),
        ("'abab'.replace('b', 'x') + 'abab'.replace('b', 'x', 1)", "\"axaxaxab\""),
        ("'  a '.trim()", "\"a\""),
        ("'abc'.contains('bc') && 'abc'.startsWith('a') && 'abc'.endsWith('c')", "true"),
        ("'x%d %b %X %o %%'.format([3, 5, 255, 8])", "\"x3 101 FF 10 %\""),
        ("'%s %.2f %e'.format([1.5, 1.5, 1.5])", "\"1.5 1.50 1.500000\u{202f}×\u{202f}10⁰⁰\""),
        ("'%s %d %s'.format([dyn('a'), 1, {'k': true}])", "\"a 1 {\\\"k\\\":true}\""),
        (
            "'%s'.format([[dyn('a'), 2.5, duration('2h'), null]])",
            "\"[\\\"a\\\", 2.500000, duration(\\\"7200s\\\"), null]\"",
        ),
        (
            "'%d'.format([dyn(self.s)])",
            "error: error during formatting: decimal clause can only be used on integers, was given string",
        ),
        (
            "'%d'.format([self.s])",
            "ERROR: <input>:1:18: error during formatting: decimal clause can only be used on integers, was given \
             string\n | '%d'.format([self.s])\n | .................^",
        ),
        (
            "'%a'.format([1])",
            "ERROR: <input>:1:12: could not parse formatting clause: unrecognized formatting clause \"a\"\n \
             | '%a'.format([1])\n | ...........^",
        ),
        ("'%s'.format([])", "ERROR: <input>:1:12: index 0 out of range\n | '%s'.format([])\n | ...........^"),
        (
            "'%s'.format([1, 2])",
            "ERROR: <input>:1:12: too many arguments supplied to string.format (expected 1, got 2)\n \
             | '%s'.format([1, 2])\n | ...........^",
        ),
        ("strings.quote('a\"b')", "\"\\\"a\\\\\\\"b\\\"\""),
        ("'abc'.matches('^a.c$')", "true"),
        ("'a'.matches(self.s + '[')", "error: error parsing regexp: missing closing ]: `[`"),
        ("'a'.matches(self.s + '(')", "error: error parsing regexp: missing closing ): `text(`"),
        ("'a'.matches(self.s + ')')", "error: error parsing regexp: unexpected ): `text)`"),
        ("'a'.matches('*' + self.s)", "error: error parsing regexp: missing argument to repetition operator: `*`"),
        (r"'a'.matches(self.s + '\\q')", r"error: error parsing regexp: invalid escape sequence: `\q`"),
        ("'a'.matches('(?=a)' + self.s)", "error: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
        ("'a'.matches(self.s + '[z-a]')", "error: error parsing regexp: invalid character class range: `z-a`"),
        ("'a'.matches(self.s + '**')", "error: error parsing regexp: invalid nested repetition operator: `**`"),
        ("'a1b2'.findAll('[0-9]') + ['abc'.find('[bc]+')]", "[\"1\",\"2\",\"bc\"]"),
        ("'a1b2'.findAll('[0-9]', 1)", "[\"1\"]"),
        ("'abc'.reverse()", "\"cba\""),
    ]);
}

#[test]
fn lists_sets_math() {
    check(&[
        ("[1, 2, 3].isSorted() && !self.list.isSorted()", "true"),
        ("[1, 2].sum() + self.list.min() + self.list.max()", "7"),
        ("[].sum()", "0"),
        ("['b', 'a'].max()", "\"b\""),
        ("self.list.filter(i, i > 9).min()", "error: min called on empty list"),
        ("self.list.indexOf(2) + [1, 1].lastIndexOf(1)", "3"),
        ("sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])", "true"),
        ("math.greatest(1, 2) + math.least([4, 3])", "5"),
        ("math.ceil(1.2) + math.abs(-1.0)", "3.0"),
        ("[1, 2, 2].distinct()", "[1,2]"),
        ("[3, 1].sort() + [1, 2, 3].slice(1, 2) + [[1], [2]].flatten()", "[1,3,2,1,2]"),
        ("base64.encode(b'hi') + string(base64.decode('aGk='))", "\"aGk=hi\""),
    ]);
}

#[test]
fn kubernetes_libraries() {
    check(&[
        ("url('https://a.example:8080/p?q=1').getPort()", "\"8080\""),
        ("url('https://[::1]:80/a b').getEscapedPath() + url('https://[::1]:80/').getHostname()", "\"/a%20b::1\""),
        ("url('https://h/p?q=1&q=2').getQuery()", "{\"q\":[\"1\",\"2\"]}"),
        ("isURL('::') || isURL('relative') || !isURL('/abs')", "false"),
        ("ip('10.0.0.1').family() == 4 && ip('::1').isLoopback() && !isIP('x')", "true"),
        ("cidr('10.0.0.0/8').containsIP('10.2.3.4') && cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))", "true"),
        ("string(cidr('10.1.2.3/8').masked()) + string(cidr('10.0.0.0/8').prefixLength())", "\"10.0.0.0/88\""),
        ("quantity('1.5').add(quantity('500m')).compareTo(quantity('2')) == 0", "true"),
        ("quantity('1Gi').isGreaterThan(quantity('1M')) && quantity('50k').isInteger()", "true"),
        ("quantity('50k').asInteger() + quantity('-1').sign()", "49999"),
        (
            "ip('1.2.3')",
            "error: IP Address \"1.2.3\" parse error during conversion from string: ParseAddr(\"1.2.3\"): IPv4 address too short",
        ),
        ("format.uri().validate('x').value()", "[\"parse \\\"x\\\": invalid URI for request\"]"),
        ("url('x')", "error: URL parse error during conversion from string: parse \"x\": invalid URI for request"),
        (
            "quantity('x')",
            "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        ("isQuantity('nope')", "false"),
        ("semver('1.2.3').isLessThan(semver('2.0.0')) && semver('1.0.0-rc1').isLessThan(semver('1.0.0'))", "true"),
        ("semver('v1.2', true).minor()", "2"),
        ("semver('1.2')", "error: No Major.Minor.Patch elements found"),
        ("format.dns1123Label().validate('ok').hasValue()", "false"),
        ("format.named('dns1123Label').value().validate('Not_ok').hasValue()", "true"),
        ("format.named('nope').hasValue()", "false"),
        ("jsonpatch.escapeKey('a/b~c')", "\"a~1b~0c\""),
        (
            "[JSONPatch{op: 'add', path: '/a', value: {'k': [1]}}]",
            "[{\"op\":\"add\",\"path\":\"/a\",\"value\":{\"k\":[1]}}]",
        ),
        ("Object{spec: Object.spec{replicas: 1, ?none: self.?min}}", "{\"spec\":{\"replicas\":1}}"),
    ]);
}

#[test]
fn compile_errors() {
    check(&[
        (
            "self +",
            "ERROR: <input>:1:7: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', \
             'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self +\n | ......^",
        ),
        (
            "nosuch.x == 1",
            "ERROR: <input>:1:1: undeclared reference to 'nosuch' (in container '')\n | nosuch.x == 1\n | ^",
        ),
        (
            "nosuch(1)",
            "ERROR: <input>:1:7: undeclared reference to 'nosuch' (in container '')\n | nosuch(1)\n | ......^",
        ),
        ("self.foo == 1", "ERROR: <input>:1:5: undefined field 'foo'\n | self.foo == 1\n | ....^"),
        (
            "self.s.foo == 1",
            "ERROR: <input>:1:7: type 'string' does not support field selection\n | self.s.foo == 1\n | ......^",
        ),
        (
            "1 + 'a'",
            "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a'\n | ..^",
        ),
        (
            "'a'.charAt('b')",
            "ERROR: <input>:1:11: found no matching overload for 'charAt' applied to 'string.(string)'\n \
             | 'a'.charAt('b')\n | ..........^",
        ),
        ("[1, 'a']", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^"),
        (
            "self.a.all(i, true)",
            "ERROR: <input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or \
             dynamic)\n | self.a.all(i, true)\n | ....^",
        ),
        (
            "self.list.all(i, i)",
            "ERROR: <input>:1:14: found no matching overload for '_&&_' applied to '(bool, int)'\n \
             | self.list.all(i, i)\n | .............^",
        ),
        (
            "true ? 1 : 'a'",
            "ERROR: <input>:1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'\n \
             | true ? 1 : 'a'\n | .....^",
        ),
        ("'a'.matches('[')", "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('[')\n | ............^"),
        ("duration('x')", "ERROR: <input>:1:10: invalid duration argument\n | duration('x')\n | .........^"),
        ("JSONPatch{foo: 1}", "ERROR: <input>:1:14: undefined field 'foo'\n | JSONPatch{foo: 1}\n | .............^"),
        (
            "JSONPatch{op: 1}",
            "ERROR: <input>:1:13: expected type of field 'op' is 'string' but provided type is 'int'\n \
             | JSONPatch{op: 1}\n | ............^",
        ),
        (
            "true &&\n  nosuch",
            "ERROR: <input>:2:3: undeclared reference to 'nosuch' (in container '')\n |   nosuch\n | ..^",
        ),
        (
            "a && b",
            "ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a && b\n | ^\n\
             ERROR: <input>:1:6: undeclared reference to 'b' (in container '')\n | a && b\n | .....^",
        ),
    ]);
}

#[test]
fn result_types_show_as_upstream_prints_them() {
    for (source, expected) in [
        ("[1]", "list(int)"),
        ("{'a': 1.0}", "map(string, double)"),
        ("[]", "list(dyn)"),
        ("self.?a", "optional_type(int)"),
        ("Object{}", "Object"),
        ("[JSONPatch{}]", "list(JSONPatch)"),
        ("type(1)", "type(int)"),
        ("self.list.map(i, string(i))", "list(string)"),
        ("x.n == 1 ? [JSONPatch{}] : []", "list(JSONPatch)"),
        ("x.n + 1", "int"),
        ("x", "dyn"),
        ("quantity('1')", "kubernetes.Quantity"),
    ] {
        let program = env().compile(source).unwrap_or_else(|errors| panic!("{source}: {errors}"));
        assert_eq!(program.result_type().to_string(), expected, "{source}");
    }
}

#[test]
fn budgets_end_what_costs_too_much() {
    let program =
        env().compile("[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, a * b)).size() > 0").unwrap();
    let mut small = Budget::new(100);
    assert_eq!(program.eval(&Activation::new(), &mut small).unwrap_err(), EvalError::BudgetSpent);
    let ten = "[1,2,3,4,5,6,7,8,9,10]";
    let mut nested = "true".to_owned();
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        nested = format!("{ten}.all({name}, {nested})");
    }
    let program = env().compile(&nested).unwrap();
    let error = program.eval(&Activation::new(), &mut Budget::default()).unwrap_err();
    assert_eq!(error.to_string(), "operation cancelled: actual cost limit exceeded");
}
