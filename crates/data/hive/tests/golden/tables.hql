create table t1 (a int, b string);
----

insert into t1 values (1, 'x'), (2, null);
----

insert into table t1 values (3, 'z');
----

select * from t1 order by a;
----
1	x
2	NULL
3	z

insert into t1 (b, a) values ('w', 4);
----

select a, b from t1 where a = 4;
----
4	w

insert into t1 (a) values (5);
----

select a, b from t1 where b is null order by a;
----
2	NULL
5	NULL

insert overwrite table t1 select a + 10, b from t1 where a <= 2;
----

select * from t1 order by a;
----
11	x
12	NULL

create table t2 as select a, upper(b) as ub from t1;
----

select * from t2 order by a;
----
11	X
12	NULL

create table t3 like t1;
----

select count(*) from t3;
----
0

insert into t3 select * from t1;
----

insert into t3 select * from t1;
----

select count(*) from t3;
----
4

truncate table t3;
----

select count(*) from t3;
----
0

create table if not exists t1 (z int);
----

select count(*) from t1;
----
2

-- error: t1
create table t1 (z int);
drop table t3;
----

-- error: t3
select * from t3;
drop table if exists t3;
----

-- error: t3
drop table t3;
create view v1 as select a, b from t1 where a > 11;
----

select * from v1;
----
12	NULL

create or replace view v1 as select a from t1;
----

select * from v1 order by a;
----
11
12

alter view v1 as select a * 2 as twice from t1;
----

select * from v1 order by twice;
----
22
24

create view v2 (first, second) as select a, b from t1;
----

select first from v2 order by first;
----
11
12

drop view v1;
----

drop view v2;
----

-- error: v1
select * from v1;
alter table t2 rename to t4;
----

select count(*) from t4;
----
2

alter table t4 add columns (extra int comment 'late', more string);
----

select * from t4 order by a;
----
11	X	NULL	NULL
12	NULL	NULL	NULL

insert into t4 values (99, 'n', 7, 'm');
----

select a, extra, more from t4 where a = 99;
----
99	7	m

drop table t4;
----

create table part (id int, v string) partitioned by (day string, hour int);
----

insert into part partition (day = '2024-01-01', hour = 1) values (1, 'a'), (2, 'b');
----

insert into part partition (day = '2024-01-01', hour = 2) select 3, 'c';
----

insert into part partition (day = '2024-01-02', hour = 1) select 4, 'd';
----

select * from part order by id;
----
1	a	2024-01-01	1
2	b	2024-01-01	1
3	c	2024-01-01	2
4	d	2024-01-02	1

select id from part where day = '2024-01-01' order by id;
----
1
2
3

select day, hour, count(*) from part group by day, hour order by day, hour;
----
2024-01-01	1	2
2024-01-01	2	1
2024-01-02	1	1

show partitions part;
----
day=2024-01-01/hour=1
day=2024-01-01/hour=2
day=2024-01-02/hour=1

show partitions part partition (day = '2024-01-01');
----
day=2024-01-01/hour=1
day=2024-01-01/hour=2

insert overwrite table part partition (day = '2024-01-01', hour = 1) select 10, 'z';
----

select id, v from part where day = '2024-01-01' and hour = 1;
----
10	z

insert into part partition (day, hour) select 5, 'e', '2024-01-03', 7;
----

insert into part partition (day = '2024-01-04', hour) select 6, 'f', 8 union all select 7, 'g', 9;
----

select id, day, hour from part where day > '2024-01-02' order by id;
----
5	2024-01-03	7
6	2024-01-04	8
7	2024-01-04	9

show partitions part;
----
day=2024-01-01/hour=1
day=2024-01-01/hour=2
day=2024-01-02/hour=1
day=2024-01-03/hour=7
day=2024-01-04/hour=8
day=2024-01-04/hour=9

alter table part drop partition (day = '2024-01-04');
----

show partitions part;
----
day=2024-01-01/hour=1
day=2024-01-01/hour=2
day=2024-01-02/hour=1
day=2024-01-03/hour=7

alter table part add if not exists partition (day = '2024-02-01', hour = 0);
----

show partitions part;
----
day=2024-01-01/hour=1
day=2024-01-01/hour=2
day=2024-01-02/hour=1
day=2024-01-03/hour=7
day=2024-02-01/hour=0

select count(*) from part where day = '2024-02-01';
----
0

alter table part drop if exists partition (day = '2030-01-01', hour = 1);
----

insert overwrite table part partition (day, hour) select id, v, day, 23 from part where day = '2024-01-02';
----

select id, day, hour from part order by id, hour;
----
3	2024-01-01	2
4	2024-01-02	1
4	2024-01-02	23
5	2024-01-03	7
10	2024-01-01	1

select max(hour) from part;
----
23

truncate table part;
----

select count(*) from part;
----
0

drop table part;
----

create table src (k int, v string);
----

insert into src values (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
----

create table odd (k int, v string);
----

create table even (k int, v string);
----

from src insert into odd select k, v where k % 2 = 1 insert into even select k, v where k % 2 = 0;
----

select * from odd order by k;
----
1	one
3	three

select * from even order by k;
----
2	two
4	four

from (select k * 10 as k, v from src) s insert overwrite table odd select k, v where k < 30 insert overwrite table even select k, v where k >= 30;
----

select * from odd order by k;
----
10	one
20	two

select * from even order by k;
----
30	three
40	four

create table parts2 (v string) partitioned by (k int);
----

from src insert overwrite table parts2 partition (k = 1) select v where k = 1 insert overwrite table parts2 partition (k = 2) select v where k = 2;
----

select v, k from parts2 order by k;
----
one	1
two	2

create table csvt (id int, name string, price double) row format delimited fields terminated by ',' stored as textfile;
----

insert into csvt values (1, 'pen', 1.5), (2, null, 2.0), (3, 'ink', null);
----

select * from csvt order by id;
----
1	pen	1.5
2	NULL	2.0
3	ink	NULL

select sum(price) from csvt;
----
3.5

create table ct stored as parquet as select id, name from csvt where id < 3;
----

select * from ct order by id;
----
1	pen
2	NULL

-- error: LOCATION
create external table ext (a int) stored as parquet;
-- by hand
-- error: TEMPORARY VIEW
create temporary view tv as select k from src where k > 2;
create table types (b boolean, t tinyint, s smallint, i int, l bigint, f float, d double, c decimal(10,2), st string, vc varchar(5), ch char(3), dt date, ts timestamp, bin binary);
----

insert into types select true, 1, 2, 3, 4, 1.5, 2.5, 3.25, 'str', 'vc', 'ch', date '2024-01-01', timestamp '2024-01-01 10:00:00', cast('xy' as binary);
----

select b, t, s, i, l, f, d, c, st, vc, trim(ch), dt, ts, cast(bin as string) from types;
----
true	1	2	3	4	1.5	2.5	3.25	str	vc	ch	2024-01-01	2024-01-01 10:00:00	xy

insert into types (i, c, dt) values (7, 1.239, '2024-05-05');
----

select i, c, dt, st from types where i = 7;
----
7	1.24	2024-05-05	NULL

insert into types (i) select '12';
----

select i from types where i = 12;
----
12

select k, v from src where k = (select max(k) from src);
----
4	four

with q as (select k from src where k < 3) insert into odd select k, 'q' from q;
----

select k from odd where v = 'q' order by k;
----
1
2

insert into odd with w as (select 77 as k, 'w' as v) select * from w;
----

select v from odd where k = 77;
----
w

drop table src;
----

drop table odd;
----

drop table even;
----

drop table parts2;
----

drop table csvt;
----

drop table ct;
----

drop table t1;
----

drop table types;
----
