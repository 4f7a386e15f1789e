select cast('12' as int), cast(' 12 ' as int), cast('12.9' as int), cast('-12.9' as int);
----
12	12	12	-12

select cast('abc' as int), cast('' as int), cast('1e2' as int), cast('0x10' as int);
----
NULL	NULL	NULL	NULL

select cast('99999999999' as int), cast('99999999999' as bigint), cast('300' as tinyint);
----
NULL	99999999999	NULL

select cast(300 as tinyint), cast(70000 as smallint), cast(5000000000 as int);
----
44	4464	705032704

select cast(3.99 as int), cast(-3.99 as int), cast(2.5D as bigint), cast(1e20 as int);
----
3	-3	2	2147483647

select cast(true as int), cast(false as string), cast(0 as boolean), cast(5 as boolean);
----
1	false	false	true

select cast('true' as boolean), cast('FALSE' as boolean);
----
true	false

-- by hand: Hive takes any other text for true and nothing for false, Spark both for NULL
select cast('maybe' as boolean), cast('no' as boolean), cast('0' as boolean), cast('' as boolean);
----
true	false	false	false

select cast('3.14' as double), cast('x' as double), cast('1e3' as double), cast('Infinity' as double);
----
3.14	NULL	1000.0	inf

select cast(1 as double), cast(1 as float), cast('2.5' as float);
----
1.0	1.0	2.5

select cast('12.345' as decimal(10, 2)), cast('x' as decimal(5, 1)), cast('12345' as decimal(4, 1));
----
12.35	NULL	NULL

select cast(12 as decimal), cast(1.5 as decimal);
----
12	2

select cast(123 as string), cast(1.50 as string), cast(1.0D as string), cast(true as string), cast(null as string);
----
123	1.50	1.0	true	NULL

select cast(1e10 as string), cast(1.0E-5D as string), cast(123456789.125D as string), cast(0.001D as string), cast(1e7D as string);
----
1.0E10	1.0E-5	1.23456789125E8	0.001	1.0E7

select cast('2024-02-29' as date), cast('2024-02-30' as date), cast('2024-2-9' as date), cast('nope' as date);
----
2024-02-29	NULL	2024-02-09	NULL

select cast('2024-03-01 12:34:56' as date), cast('2024-03-01 12:34:56' as timestamp), cast('2024-03-01' as timestamp);
----
2024-03-01	2024-03-01 12:34:56	2024-03-01 00:00:00

select cast('2024-03-01 12:34:56.789' as timestamp), cast('2024-03-01T01:02:03' as timestamp), cast('x' as timestamp);
----
2024-03-01 12:34:56.789	2024-03-01 01:02:03	NULL

select cast(date '2024-03-01' as string), cast(timestamp '2024-03-01 10:00:00' as string);
----
2024-03-01	2024-03-01 10:00:00

select cast(timestamp '2024-03-01 10:00:00' as date), cast(date '2024-03-01' as timestamp);
----
2024-03-01	2024-03-01 00:00:00

-- by hand: Spark does not cut
select cast('abcdef' as varchar(3)), cast('ab' as char(4)) || '|';
----
abc	ab|

select cast(cast('abc' as binary) as string);
----
abc

select cast(timestamp '1970-01-02 00:00:00' as bigint), cast(86400 as timestamp);
----
86400	1970-01-02 00:00:00

select int('5'), bigint('7'), double('1.5'), string(9), boolean('true'), date('2024-01-05');
----
5	7	1.5	9	true	2024-01-05

select typeof(1), typeof('a'), typeof(1.5), typeof(array(1)), typeof(cast(1 as tinyint));
----
int	string	decimal(2,1)	array<int>	tinyint

select cast(null as int), cast(null as date);
----
NULL	NULL

select array(1, 2) , array('1', 2);
----
[1,2]	["1","2"]

select cast(' 2024-01-05 ' as date), cast('2024' as date), cast('2024-05' as date);
----
2024-01-05	2024-01-01	2024-05-01

select cast('12' as int) + '3', '4' * '2', '10' / 4;
----
15.0	8.0	2.5

select 1 + 1.5, 1 + 2.5D, cast(1 as tinyint) + cast(2 as smallint);
----
2.5	3.5	3
