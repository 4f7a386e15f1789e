create table emp (id int, name string, dept string, salary double, hired date, boss int);
----

insert into emp values (1, 'Ann', 'eng', 5000, date '2020-01-15', null), (2, 'Bob', 'eng', 4000, date '2021-03-01', 1), (3, 'Cid', 'ops', 3000, date '2019-07-07', 1), (4, 'Dee', 'ops', 3500, date '2022-11-30', 3), (5, 'Eve', 'hr', 4200, date '2021-03-01', 1), (6, 'Fay', null, null, null, null);
----

create table dept (code string, title string, floor int);
----

insert into dept values ('eng', 'Engineering', 3), ('ops', 'Operations', 1), ('law', 'Legal', 9);
----

select * from emp order by id;
----
1	Ann	eng	5000.0	2020-01-15	NULL
2	Bob	eng	4000.0	2021-03-01	1
3	Cid	ops	3000.0	2019-07-07	1
4	Dee	ops	3500.0	2022-11-30	3
5	Eve	hr	4200.0	2021-03-01	1
6	Fay	NULL	NULL	NULL	NULL

select name from emp where dept = 'eng' order by name;
----
Ann
Bob

select name, salary * 12 as yearly from emp where salary > 3200 order by yearly desc;
----
Ann	60000.0
Eve	50400.0
Bob	48000.0
Dee	42000.0

select name from emp where dept is null;
----
Fay

select name, dept from emp order by dept, name;
----
Fay	NULL
Ann	eng
Bob	eng
Eve	hr
Cid	ops
Dee	ops

select name, salary from emp order by salary desc, name;
----
Ann	5000.0
Eve	4200.0
Bob	4000.0
Dee	3500.0
Cid	3000.0
Fay	NULL

select name, salary from emp order by salary asc nulls last, name;
----
Cid	3000.0
Dee	3500.0
Bob	4000.0
Eve	4200.0
Ann	5000.0
Fay	NULL

select name from emp order by salary desc limit 2;
----
Ann
Eve

select name from emp order by id limit 2 offset 3;
----
Dee
Eve

-- by hand: Spark has no such LIMIT
select name from emp order by id limit 1, 2;
----
Bob
Cid

select distinct dept from emp order by dept;
----
NULL
eng
hr
ops

select count(*), count(dept), count(distinct dept), sum(salary), avg(salary), min(hired), max(name) from emp;
----
6	5	3	19700.0	3940.0	2019-07-07	Fay

select dept, count(*), sum(salary) from emp group by dept order by dept;
----
NULL	1	NULL
eng	2	9000.0
hr	1	4200.0
ops	2	6500.0

select dept, count(*) as n from emp group by dept having count(*) > 1 order by n, dept;
----
eng	2
ops	2

select dept, max(salary) m from emp where salary is not null group by dept having m > 3600 order by dept;
----
eng	5000.0
hr	4200.0

select upper(dept) as d, count(1) from emp group by upper(dept) order by d;
----
NULL	1
ENG	2
HR	1
OPS	2

select e.name, d.title from emp e join dept d on e.dept = d.code order by e.id;
----
Ann	Engineering
Bob	Engineering
Cid	Operations
Dee	Operations

select e.name, d.title from emp e left join dept d on e.dept = d.code order by e.id;
----
Ann	Engineering
Bob	Engineering
Cid	Operations
Dee	Operations
Eve	NULL
Fay	NULL

select e.name, d.title from emp e right outer join dept d on e.dept = d.code order by d.code, e.id;
----
Ann	Engineering
Bob	Engineering
NULL	Legal
Cid	Operations
Dee	Operations

select e.name, d.code from emp e full outer join dept d on e.dept = d.code order by e.id, d.code;
----
NULL	law
Ann	eng
Bob	eng
Cid	ops
Dee	ops
Eve	NULL
Fay	NULL

select d.title from dept d left semi join emp e on d.code = e.dept order by d.title;
----
Engineering
Operations

select d.title from dept d left anti join emp e on d.code = e.dept order by d.title;
----
Legal

select count(*) from emp cross join dept;
----
18

select e.name, d.title from emp e, dept d where e.dept = d.code and d.floor = 3 order by e.name;
----
Ann	Engineering
Bob	Engineering

select e.name, b.name as boss from emp e join emp b on e.boss = b.id order by e.id;
----
Bob	Ann
Cid	Ann
Dee	Cid
Eve	Ann

select a.name, b.name from emp a join emp b on a.hired = b.hired and a.id < b.id;
----
Bob	Eve

select e.name, d.title, b.name from emp e join dept d on e.dept = d.code left join emp b on b.id = e.boss order by e.id;
----
Ann	Engineering	NULL
Bob	Engineering	Ann
Cid	Operations	Ann
Dee	Operations	Cid

select name from emp where dept in (select code from dept where floor < 5) order by name;
----
Ann
Bob
Cid
Dee

select name from emp where dept not in (select code from dept where floor = 1) order by name;
----
Ann
Bob
Eve

select title from dept d where exists (select 1 from emp e where e.dept = d.code) order by title;
----
Engineering
Operations

select title from dept d where not exists (select 1 from emp e where e.dept = d.code) order by title;
----
Legal

select name, (select max(salary) from emp) - salary as gap from emp where salary is not null order by gap;
----
Ann	0.0
Eve	800.0
Bob	1000.0
Dee	1500.0
Cid	2000.0

select name from emp e where salary > (select avg(salary) from emp x where x.dept = e.dept) order by name;
----
Ann
Dee

select t.dept, t.n from (select dept, count(*) n from emp group by dept) t where t.n = 2 order by t.dept;
----
eng	2
ops	2

with high as (select * from emp where salary >= 4000) select count(*) from high;
----
3

with a as (select dept, sum(salary) s from emp group by dept), b as (select max(s) m from a) select a.dept from a join b on a.s = b.m;
----
eng

select name from emp where id < 3 union all select title from dept where floor = 3 order by name;
----
Ann
Bob
Engineering

select dept from emp where dept is not null union select code from dept order by dept;
----
eng
hr
law
ops

select dept from emp where dept is not null intersect select code from dept order by dept;
----
eng
ops

select code from dept except select dept from emp where dept is not null;
----
law

select code from dept minus select dept from emp where dept is not null;
----
law

select x.v from (select 1 as v union all select 2 union all select 2) x order by v;
----
1
2
2

select dept, collect_list(name) from (select * from emp order by id) e where dept = 'eng' group by dept;
----
eng	["Ann","Bob"]

select sort_array(collect_set(dept)) from emp;
----
["eng","hr","ops"]

select dept, concat_ws(',', sort_array(collect_list(name))) from emp group by dept order by dept;
----
NULL	Fay
eng	Ann,Bob
hr	Eve
ops	Cid,Dee

-- by hand: Hive's variance is of all rows, Spark's of a sample
select round(stddev_pop(salary), 3), round(stddev_samp(salary), 3), round(var_pop(salary), 3), round(variance(salary), 3) from emp;
----
674.092	753.658	454400.0	454400.0

select round(corr(salary, id), 4), round(covar_pop(salary, id), 4), round(covar_samp(salary, id), 4) from emp;
----
-0.4406	-420.0	-525.0

select percentile(id, 0.5), percentile_approx(id, 0.5) from emp;
----
3.5	3

-- by hand: one at a time
-- error: percentile of several
select percentile(cast(id as bigint), array(0.0, 0.5, 1.0)) from emp;

select sum(if(dept = 'eng', 1, 0)) as eng, sum(case when dept = 'ops' then salary else 0 end) as ops from emp;
----
2	6500.0

select count(distinct dept, hired) from emp;
----
5

select sum(distinct salary), min(distinct id) from emp;
----
19700.0	1

select dept, name, row_number() over (partition by dept order by salary desc) rn from emp where dept is not null order by dept, rn;
----
eng	Ann	1
eng	Bob	2
hr	Eve	1
ops	Dee	1
ops	Cid	2

select name, rank() over (order by hired) r, dense_rank() over (order by hired) dr from emp where hired is not null order by r, name;
----
Cid	1	1
Ann	2	2
Bob	3	3
Eve	3	3
Dee	5	4

select name, sum(salary) over (partition by dept) total from emp where dept is not null order by name;
----
Ann	9000.0
Bob	9000.0
Cid	6500.0
Dee	6500.0
Eve	4200.0

select name, sum(salary) over (order by id rows between unbounded preceding and current row) running from emp order by id;
----
Ann	5000.0
Bob	9000.0
Cid	12000.0
Dee	15500.0
Eve	19700.0
Fay	19700.0

select name, avg(salary) over (order by id rows between 1 preceding and 1 following) smooth from emp where salary is not null order by id;
----
Ann	4500.0
Bob	4000.0
Cid	3500.0
Dee	3566.6666666666665
Eve	3850.0

select name, lag(salary, 1) over (order by id) prev, lead(salary, 1, 0) over (order by id) nxt from emp where id <= 4 order by id;
----
Ann	NULL	4000.0
Bob	5000.0	3000.0
Cid	4000.0	3500.0
Dee	3000.0	0.0

select name, first_value(name) over (partition by dept order by salary desc) best, last_value(name) over (partition by dept order by salary desc rows between unbounded preceding and unbounded following) low from emp where dept is not null order by id;
----
Ann	Ann	Bob
Bob	Ann	Bob
Cid	Dee	Cid
Dee	Dee	Cid
Eve	Eve	Eve

select name, ntile(2) over (order by id) t, round(percent_rank() over (order by id), 2) p, round(cume_dist() over (order by id), 2) c from emp order by id;
----
Ann	1	0.0	0.17
Bob	1	0.2	0.33
Cid	1	0.4	0.5
Dee	2	0.6	0.67
Eve	2	0.8	0.83
Fay	2	1.0	1.0

select name, count(*) over () from emp where dept = 'hr';
----
Eve	1

select name, max(salary) over w, min(salary) over w from emp where dept is not null window w as (partition by dept) order by name;
----
Ann	5000.0	4000.0
Bob	5000.0	4000.0
Cid	3500.0	3000.0
Dee	3500.0	3000.0
Eve	4200.0	4200.0

select dept, name from (select dept, name, row_number() over (partition by dept order by salary desc, name) rn from emp) t where rn = 1 order by dept;
----
NULL	Fay
eng	Ann
hr	Eve
ops	Dee

select dept, sum(salary), rank() over (order by sum(salary) desc) from emp where dept is not null group by dept order by 3;
----
eng	9000.0	1
ops	6500.0	2
hr	4200.0	3

select name, salary - lag(salary) over (partition by dept order by hired) as diff from emp where dept is not null order by id;
----
Ann	NULL
Bob	-1000.0
Cid	NULL
Dee	500.0
Eve	NULL

select dept, year(hired) y, count(*) from emp where dept is not null group by dept, year(hired) order by dept, y;
----
eng	2020	1
eng	2021	1
hr	2021	1
ops	2019	1
ops	2022	1

select dept, year(hired), count(*) from emp where dept is not null group by dept, year(hired) with rollup order by 1, 2;
----
NULL	NULL	5
eng	NULL	2
eng	2020	1
eng	2021	1
hr	NULL	1
hr	2021	1
ops	NULL	2
ops	2019	1
ops	2022	1

select dept, floor(salary / 1000), count(*) from emp where dept is not null group by dept, floor(salary / 1000) with cube order by 1, 2;
----
NULL	NULL	5
NULL	3	2
NULL	4	2
NULL	5	1
eng	NULL	2
eng	4	1
eng	5	1
hr	NULL	1
hr	4	1
ops	NULL	2
ops	3	2

select dept, boss, count(*) from emp where dept in ('eng', 'ops') group by dept, boss grouping sets ((dept, boss), (dept), ()) order by dept, boss, 3;
----
NULL	NULL	4
eng	NULL	1
eng	NULL	2
eng	1	1
ops	NULL	2
ops	1	1
ops	3	1

select dept, count(*), grouping(dept) from emp where dept is not null group by rollup(dept) order by 3, 1;
----
eng	2	0
hr	1	0
ops	2	0
NULL	5	1

select dept, boss, sum(salary) from emp where dept in ('eng', 'ops') group by cube(dept, boss) order by 1, 2, 3;
----
NULL	NULL	5000.0
NULL	NULL	15500.0
NULL	1	7000.0
NULL	3	3500.0
eng	NULL	5000.0
eng	NULL	9000.0
eng	1	4000.0
ops	NULL	6500.0
ops	1	3000.0
ops	3	3500.0

select dept, boss, grouping__id, count(*) from emp where dept in ('eng', 'ops') group by dept, boss grouping sets ((dept, boss), (dept), ()) order by 3, 1, 2;
----
eng	NULL	0	1
eng	1	0	1
ops	1	0	1
ops	3	0	1
eng	NULL	1	2
ops	NULL	1	2
NULL	NULL	3	4

select name from emp sort by name;
----
Ann
Bob
Cid
Dee
Eve
Fay

select name from emp distribute by dept sort by name desc;
----
Fay
Eve
Dee
Cid
Bob
Ann

select id from emp cluster by id;
----
1
2
3
4
5
6

select dept, count(*) n from emp group by dept having n > 0 sort by dept;
----
NULL	1
eng	2
hr	1
ops	2

select name from emp where name rlike '^[A-C]' order by name;
----
Ann
Bob
Cid

select name from emp where name like '_e%' order by name;
----
Dee

select name from emp where hired between '2021-01-01' and '2021-12-31' order by name;
----
Bob
Eve

select name from emp where year(hired) = 2021 and month(hired) = 3 order by name;
----
Bob
Eve

select `name` as `Who`, `dept` from emp where `id` = 1;
----
Ann	eng

select NAME, Emp.DEPT from EMP where ID = 2;
----
Bob	eng

select 1 as one from emp where id = 1 group by 1;
----
1

select max(id) + 1, min(id) * 2 from emp;
----
7	2

select count(*) from emp where salary = null;
----
0

select name, case dept when 'eng' then 'E' when 'ops' then 'O' else '?' end from emp order by id;
----
Ann	E
Bob	E
Cid	O
Dee	O
Eve	?
Fay	?

select dept, max(named_struct('s', salary, 'n', name)).n from emp where dept = 'eng' group by dept;
----
eng	Ann

select * from (select id, name from emp) t where t.id = 3;
----
3	Cid

select e.*, d.floor from emp e join dept d on e.dept = d.code where e.id = 3;
----
3	Cid	ops	3000.0	2019-07-07	1	1

select name from emp tablesample (100 percent) order by id limit 1;
----
Ann

select sum(salary) filter (where dept = 'eng') from emp;
----
9000.0

select max(length(name)), min(hired), max(hired) from emp;
----
3	2019-07-07	2022-11-30

select first_value(name) over (order by id) from emp limit 1;
----
Ann

select bool_and(salary > 1000), bool_or(salary > 4900) from emp where salary is not null;
----
true	true

select approx_count_distinct(dept) from emp;
----
3

select avg(id), avg(cast(id as decimal(10, 2))), sum(cast(salary as decimal(10, 2))) from emp;
----
3.5	3.500000	19700.00

select dept from emp group by dept having max(salary) >= 4200 order by dept;
----
eng
hr

select e.dept, d.floor, count(*) from emp e left join dept d on e.dept = d.code group by e.dept, d.floor order by e.dept;
----
NULL	NULL	1
eng	3	2
hr	NULL	1
ops	1	2

select (select count(*) from dept), count(*) from emp;
----
3	6

select a.dept, a.n, b.n from (select dept, count(*) n from emp group by dept) a join (select dept, count(*) n from emp where salary > 3200 group by dept) b on a.dept = b.dept order by a.dept;
----
eng	2	2
hr	1	1
ops	2	1

from emp select name where id = 4;
----
Dee

from (select dept, salary from emp) t select dept, max(salary) where dept is not null group by dept order by dept;
----
eng	5000.0
hr	4200.0
ops	3500.0

-- error: nope
select nope from emp;
-- error: nowhere
select * from nowhere;
-- error: syntax
selec 1;
-- error: no_such_function
select no_such_function(1);
drop table emp;
----

drop table dept;
----
