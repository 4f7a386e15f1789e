select 1 + 2, 7 - 10, 3 * 4;
----
3	-3	12

select 7 / 2, 6 / 3, -7 / 2;
----
3.5	2.0	-3.5

select 1 / 0, 0 / 0, 5 % 0;
----
NULL	NULL	NULL

select 7 div 2, -7 div 2, 7 div 0;
----
3	-3	NULL

select 7 % 3, -7 % 3, 7.5 % 2;
----
1	-1	1.5

select pmod(-7, 3), pmod(7, 3), mod(-7, 3);
----
2	1	-1

select 2 + 3 * 4, (2 + 3) * 4, -(3), +4;
----
14	20	-3	4

select 5 & 3, 5 | 3, 5 ^ 3, ~5;
----
1	7	6	-6

select shiftleft(1, 4), shiftright(-16, 2), shiftrightunsigned(16, 2);
----
16	-4	4

select 1.5 + 2.25, 1.5 * 2, 10.00 / 4;
----
3.75	3.0	2.500000

select 0.1 + 0.2, 0.1D + 0.2D;
----
0.3	0.30000000000000004

select round(2.5), round(-2.5), round(3.14159, 2), round(1234, -2);
----
3	-3	3.14	1200

select bround(2.5), bround(3.5), bround(2.45, 1);
----
2	4	2.4

select floor(1.7), floor(-1.2), ceil(1.2), ceiling(-1.7);
----
1	-2	2	-1

select abs(-5), abs(-1.5), sign(-3), sign(0D), positive(3), negative(3);
----
5	1.5	-1.0	0.0	3	-3

select sqrt(16), pow(2, 10), power(2, 0.5), exp(0), cbrt(27.0D);
----
4.0	1024.0	1.4142135623730951	1.0	3.0

select ln(e()), log10(1000), log2(8), log(2, 16), ln(0);
----
1.0	3.0	3.0	4.0	NULL

select sin(0), cos(0), tan(0), asin(1), acos(1), atan(1);
----
0.0	1.0	0.0	1.5707963267948966	0.0	0.7853981633974483

select degrees(pi()), radians(180);
----
180.0	3.141592653589793

-- by hand: Hive says NULL when one is, Spark passes over NULLs
select greatest(1, 5, 3), least(1, 5, 3), greatest('a', 'b'), greatest(1, null);
----
5	1	b	NULL

select conv('ff', 16, 10), conv('10', 10, 2), conv('zz', 10, 16), conv(-1, 10, 16);
----
255	1010	0	FFFFFFFFFFFFFFFF

select bin(13), hex(255), factorial(5), factorial(21);
----
1101	FF	120	NULL

select width_bucket(5.3, 0.2, 10.6, 5);
----
3

select 1 = 1, 1 <> 2, 1 != 1, 2 >= 2, 1 < null;
----
true	true	false	true	NULL

select 1 <=> 1, null <=> null, 1 <=> null;
----
true	true	false

select 1 == 1, not true, !false;
----
true	false	true

select true and null, false and null, true or null, false or null;
----
NULL	false	true	NULL

select null is null, 1 is not null, isnull(null), isnotnull(null);
----
true	true	true	false

select 5 between 1 and 10, 5 not between 1 and 3, null between 1 and 2;
----
true	true	NULL

select 3 in (1, 2, 3), 3 not in (1, 2), 3 in (1, null), null in (1);
----
true	true	NULL	NULL

select '1' = 1, '1.0' = 1, 'a' = 1, '10' > 9;
----
true	true	NULL	true

select case when 1 > 2 then 'a' when 1 < 2 then 'b' else 'c' end, case 3 when 1 then 'x' when 3 then 'y' end;
----
b	y

-- by hand: Spark wants a type for NULL
select case when null then 1 end;
----
NULL

select if(1 > 0, 'yes', 'no'), if(null, 1, 2);
----
yes	2

select coalesce(null, null, 3), nvl(null, 'd'), nvl('a', 'd'), nullif(1, 1), nullif(1, 2);
----
3	d	a	NULL	1

select nvl2(null, 1, 2), nvl2(3, 1, 2);
----
2	1

select 10Y, 10S, 10L, 1.5BD, 2.5D;
----
10	10	10	1.5	2.5

select 1e3, 1.5E2, 9223372036854775807;
----
1000.0	150.0	9223372036854775807

select cast(1 as double) / 3;
----
0.3333333333333333

select 1 is true, null is not true;
----
true	true

select 3 + null, null * 2, -cast(null as int);
----
NULL	NULL	NULL

select (1 + 2) div 2 * 3, 10 - 4 div 3;
----
3	9

select nanvl(cast('NaN' as double), 1), isnan(cast('NaN' as double));
----
1.0	true

select rint(2.5), rint(3.7);
----
2.0	4.0

select 10 / 4 * 2, 2 * 10 / 4;
----
5.0	5.0

select round(cast(2.675 as double), 2), round(cast(-1.005 as decimal(10,3)), 2);
----
2.68	-1.01

select cast(1.005 as decimal(5, 2)), cast(-1.005 as decimal(5, 2)), cast(99999 as decimal(4, 1));
----
1.01	-1.01	NULL

select cast(12.5 as decimal(10,2)) + cast(1 as decimal(10,2)), cast(1.10 as decimal(10,2)) * 2;
----
13.50	2.20
