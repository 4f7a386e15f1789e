create database shop comment 'all the shops';
----

use shop;
----

select current_database();
----
shop

create table goods (id int comment 'number', title string) comment 'what is sold' tblproperties ('maker' = 'ann');
----

-- by hand: Spark shows three columns
show tables;
----
goods

-- by hand
show tables like 'go*';
----
goods

-- by hand
show tables in shop;
----
goods

show tables 'x*';
----

show databases like 'sh*';
----
shop

describe goods;
----
id	int	number
title	string	NULL

desc goods;
----
id	int	number
title	string	NULL

-- by hand: Spark turns it round
describe shop.goods title;
----
title	string	NULL

insert into goods values (1, 'tea');
----

use default;
----

select * from shop.goods;
----
1	tea

select g.title from shop.goods g where g.id = 1;
----
tea

select shop.goods.id from shop.goods;
----
1

create table default.mine as select * from shop.goods;
----

select count(*) from mine;
----
1

drop table mine;
----

create table orders2 (id int, good int) partitioned by (city string);
----

describe orders2;
----
id	int	NULL
good	int	NULL
city	string	NULL
# Partition Information	(empty)	(empty)
# col_name	data_type	comment
city	string	NULL

show columns in orders2;
----
id
good
city

show columns from goods in shop;
----
id
title

drop table orders2;
----

-- error: shop
drop database shop;
drop database shop cascade;
----

show databases like 'sh*';
----

-- error: shop
use shop;
drop database if exists shop;
----

create database if not exists tmpdb;
----

create database if not exists tmpdb;
----

drop database tmpdb restrict;
----

-- by hand: Spark shows what it sets
set hive.exec.dynamic.partition.mode=nonstrict;
----

-- by hand
set x.y=5;
----

-- by hand
set x.y;
----
x.y=5

-- by hand: Spark asks for another form
select ${hiveconf:x.y} + 1;
----
6

-- by hand: the list of functions is ours
show functions like 'get_json*';
----
get_json_object

-- by hand: the words of the description are ours
describe function upper;
----
upper: built in; upper(text): the text in upper case

create table ss (a int) row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde' with serdeproperties ('separatorChar' = ';', 'quoteChar' = '\'') stored as textfile;
----

insert into ss values (1);
----

select * from ss;
----
1

drop table ss;
----

create table sized (a int);
----

insert into sized values (1), (2);
----

analyze table sized compute statistics;
----

analyze table sized compute statistics for columns a;
----

select count(*) from sized;
----
2

alter table sized set tblproperties ('note' = 'hi');
----

-- by hand
-- error: renaming
alter table sized change column a b int comment 'renamed';
-- by hand: Spark cannot widen
alter table sized change a a bigint comment 'wide';
----

-- by hand
select typeof(a), a from sized order by a;
----
bigint	1
bigint	2

drop table sized;
----

-- by hand: Spark cannot do it by design, Doorstep does not do it at all
-- error: TRANSFORM
select transform(a) using 'cat' as (b) from x;
-- by hand
-- error: EXPORT
export table x to 'y';
-- by hand
-- error: LOCK
lock table x shared;
-- by hand
-- error: there is no table
grant select on table nowhere_at_all to user y;
-- by hand
-- error: there is no table
merge into nowhere_at_all using b on nowhere_at_all.i = b.i when matched then delete;
-- by hand
-- error: there is no table
update nowhere_at_all set a = 1;
-- by hand
-- error: reflect
select reflect('java.lang.Math', 'max', 2, 3);
-- by hand
-- error: CREATE FUNCTION
create temporary function f as 'com.example.F';
-- by hand
-- error: DIRECTORY
insert overwrite directory '/x' select 1;
