select 'a' || 'b' || 'c';
----
abc

select concat('Door', 'step', '!');
----
Doorstep!

select concat('a', null);
----
NULL

select concat_ws('-', 'a', null, 'b');
----
a-b

select concat_ws(',', array('x', 'y'), 'z');
----
x,y,z

select upper('Hive'), ucase('hive'), lower('HiVe'), lcase('HIVE');
----
HIVE	HIVE	hive	hive

select length('séance'), char_length('séance'), octet_length('séance');
----
6	6	7

select substr('doorstep', 5), substr('doorstep', 1, 4), substr('doorstep', -4), substr('doorstep', -4, 2);
----
step	door	step	st

select substring('doorstep', 0, 4), substring('doorstep' from 5 for 2);
----
door	st

select substring('abc', 10), substring('abc', 2, 0);
----
(empty)	(empty)

select trim('  a  '), ltrim('  a'), rtrim('a  ');
----
a	a	a

select trim(both 'x' from 'xxaxx');
----
a

select lpad('7', 3, '0'), rpad('7', 3, '0'), lpad('12345', 3, '0'), lpad('a', 5, 'xy');
----
007	700	123	xyxya

select reverse('abc'), repeat('ab', 3), space(2) || '|';
----
cba	ababab	  |

select instr('doorstep', 'step'), instr('doorstep', 'x'), locate('o', 'doorstep'), locate('o', 'doorstep', 3);
----
5	0	2	3

select initcap('hello big world'), initcap('ALL CAPS');
----
Hello Big World	All Caps

select translate('AaBbCc', 'abc', '123');
----
A1B2C3

select replace('banana', 'an', 'AN');
----
bANANa

select regexp_replace('100-200', '(\\d+)', 'num');
----
num-num

select regexp_replace('foobar', 'oo|ar', '');
----
fb

select regexp_replace('a1b2', '([a-z])(\\d)', '$2$1');
----
1a2b

select regexp_extract('foothebar', 'foo(.*?)(bar)', 1), regexp_extract('foothebar', 'foo(.*?)(bar)', 2), regexp_extract('foothebar', 'foo(.*?)(bar)', 0);
----
the	bar	foothebar

select regexp_extract('abc', 'x(.)', 1);
----
(empty)

select 'foobar' rlike 'o+b', 'foobar' regexp '^bar', 'foobar' not rlike 'x';
----
true	false	true

select 'foobar' like 'foo%', 'foobar' like 'f_obar', 'foobar' not like '%z%', null like 'a';
----
true	true	true	NULL

select '100%' like '100\\%', 'abc' like 'a\\%c';
----
true	false

select split('a,b,,c', ',');
----
["a","b","","c"]

select split('one  two', ' +');
----
["one","two"]

select split('a.b.c', '\\.')[1];
----
b

select ascii('A'), ascii(''), chr(65);
----
65	0	A

select base64(cast('Hive' as binary)), cast(unbase64('SGl2ZQ==') as string);
----
SGl2ZQ==	Hive

select hex(17), hex('Hive'), cast(unhex('48697665') as string);
----
11	48697665	Hive

select md5('doorstep'), sha1('doorstep');
----
5a8b0326b90e5ba02da63ace6bde42ea	038acb0b4d16cb6c175efd2a5c0fadf55fed5868

select sha2('doorstep', 256), crc32('doorstep');
----
02f02a0d9537c63c4c3d5342daa4c58ac51ea2d2d7e5ff6587ceeda1191cce67	1412456996

select format_number(1234567.891, 2), format_number(5, 0);
----
1,234,567.89	5

-- by hand: Spark does not format decimals
select printf('%s has %d', 'x', 3), format_string('%05.2f', 3.14159);
----
x has 3	03.14

select find_in_set('b', 'a,b,c'), find_in_set('z', 'a,b,c'), find_in_set('b,c', 'a,b,c');
----
2	0	0

select levenshtein('kitten', 'sitting'), soundex('Robert');
----
3	R163

select substring_index('www.apache.org', '.', 2), substring_index('www.apache.org', '.', -2);
----
www.apache	apache.org

select elt(2, 'a', 'b', 'c'), elt(9, 'a');
----
b	NULL

select parse_url('http://example.com/a/b?x=1&y=2#f', 'HOST'), parse_url('http://example.com/a/b?x=1&y=2#f', 'PATH'), parse_url('http://example.com/a/b?x=1&y=2#f', 'QUERY');
----
example.com	/a/b	x=1&y=2

select parse_url('http://example.com/a?x=1&y=2', 'QUERY', 'y'), parse_url('http://example.com/a', 'QUERY');
----
2	NULL

select get_json_object('{"a":{"b":[1,2,{"c":"x"}]}}', '$.a.b[2].c'), get_json_object('{"a":1}', '$.b');
----
x	NULL

select get_json_object('{"a":{"b":1}}', '$.a'), get_json_object('[1,2]', '$[0]'), get_json_object('oops', '$.a');
----
{"b":1}	1	NULL

select get_json_object('{"a":[{"b":1},{"b":2}]}', '$.a[*].b');
----
[1,2]

select str_to_map('a:1,b:2', ',', ':')['b'];
----
2

-- by hand: Spark 4.0 has no quote
select quote('it''s');
----
'it\\'s'

select "double quoted" as s, 'it\'s' as t;
----
double quoted	it's

select 'tab\there', 'unicode \u00e9', "say \"hi\"";
----
tab\there	unicode é	say "hi"

select 'a' 'b';
----
ab

select concat(1, 2.5, true);
----
12.5true

select concat('x', 1.0D), concat(cast(1.5 as float), '');
----
x1.0	1.5

select length(''), upper(null), trim('');
----
0	NULL	(empty)

select encode('a', 'UTF-8'), decode(encode('é', 'UTF-8'), 'UTF-8');
----
a	é

select mask('Abc-123');
----
Xxx-nnn

-- by hand: Spark has mask only
select mask_last_n('1234-5678', 4), mask_show_first_n('1234-5678', 2);
----
1234-nnnn	12nn-nnnn

