select array(1, 2, 3), array('a', null), array();
----
[1,2,3]	["a",null]	[]

select array(1, 2, 3)[0], array(1, 2, 3)[2], array(1, 2)[5], array(1, 2)[-1];
----
1	3	NULL	NULL

select map('a', 1, 'b', 2), map('a', 1)['a'], map('a', 1)['z'];
----
{"a":1,"b":2}	1	NULL

select struct(1, 'x'), named_struct('id', 1, 'name', 'x'), named_struct('id', 1, 'name', 'x').name;
----
{"col1":1,"col2":"x"}	{"id":1,"name":"x"}	x

select size(array(1, 2, 3)), size(map('a', 1)), size(array());
----
3	1	0

select array_contains(array(1, 2), 2), array_contains(array(1, 2), 9), array_contains(array('a'), 'a');
----
true	false	true

select sort_array(array(3, 1, 2)), sort_array(array('b', 'a')), sort_array(array(3, 1, 2), false);
----
[1,2,3]	["a","b"]	[3,2,1]

select sort_array(map_keys(map('b', 1, 'a', 2))), sort_array(map_values(map('b', 1, 'a', 2)));
----
["a","b"]	[1,2]

select array_max(array(1, 5, 3)), array_min(array(4, 2)), array_distinct(array(1, 1, 2));
----
5	2	[1,2]

select array_join(array('a', 'b'), '-'), array_remove(array(1, 2, 1), 1);
----
a-b	[2]

select slice(array(1, 2, 3, 4), 2, 2), flatten(array(array(1), array(2, 3))), array_union(array(1), array(2));
----
[2,3]	[1,2,3]	[1,2]

select array_except(array(1, 2), array(2)), array_intersect(array(1, 2), array(2));
----
[1]	[2]

select element_at(array(1, 2, 3), 2), sequence(1, 4), array_repeat('x', 2);
----
2	[1,2,3,4]	["x","x"]

select named_struct('a', array(1, 2), 'b', map('k', 'v'));
----
{"a":[1,2],"b":{"k":"v"}}

select array(named_struct('x', 1), named_struct('x', 2));
----
[{"x":1},{"x":2}]

select map('k', array(1, 2))['k'][1], named_struct('a', named_struct('b', 7)).a.b;
----
2	7

select array(1.5, 2), array(true, false), array(date '2024-01-01');
----
[1.5,2.0]	[true,false]	[2024-01-01]

select map(1, 'one', 2, 'two')[2];
----
two

select array(array(1, 2), array(3))[0][1];
----
2

select explode(array(1, 2, 3));
----
1
2
3

select explode(array('a', 'b')) as letter;
----
a
b

select explode(map('a', 1, 'b', 2)) as (k, v);
----
a	1
b	2

select posexplode(array('x', 'y')) as (pos, val);
----
0	x
1	y

select inline(array(struct(1, 'a'), struct(2, 'b'))) as (n, s);
----
1	a
2	b

select stack(2, 'A', 10, 'B', 20) as (k, v);
----
A	10
B	20

select posexplode(array('x', 'y'));
----
0	x
1	y

select json_tuple('{"a":1,"b":"x"}', 'a', 'b', 'c') as (a, b, c);
----
1	x	NULL

create table coll (id int, tags array<string>, props map<string,int>, pt struct<x:int,y:string>);
----

insert into coll select 1, array('a', 'b'), map('p', 1, 'q', 2), named_struct('x', 10, 'y', 'ten');
----

insert into coll select 2, array(), map('p', 3), named_struct('x', 20, 'y', null);
----

insert into coll select 3, null, null, null;
----

select * from coll order by id;
----
1	["a","b"]	{"p":1,"q":2}	{"x":10,"y":"ten"}
2	[]	{"p":3}	{"x":20,"y":null}
3	NULL	NULL	NULL

select id, tags[0], props['p'], pt.x, pt.y from coll order by id;
----
1	a	1	10	ten
2	NULL	3	20	NULL
3	NULL	NULL	NULL	NULL

select id, tag from coll lateral view explode(tags) t as tag order by id, tag;
----
1	a
1	b

select id, tag from coll lateral view outer explode(tags) t as tag order by id, tag;
----
1	a
1	b
2	NULL
3	NULL

select id, k, v from coll lateral view explode(props) p as k, v order by id, k;
----
1	p	1
1	q	2
2	p	3

select id, pos, tag from coll lateral view posexplode(tags) t as pos, tag order by id, pos;
----
1	0	a
1	1	b

select id, pos, tag from coll lateral view outer posexplode(tags) t as pos, tag order by id, pos;
----
1	0	a
1	1	b
2	NULL	NULL
3	NULL	NULL

select c.id, t.tag, p.k from coll c lateral view explode(c.tags) t as tag lateral view explode(c.props) p as k, v order by c.id, t.tag, p.k;
----
1	a	p
1	a	q
1	b	p
1	b	q

select tag, count(*) from coll lateral view explode(tags) t as tag group by tag order by tag;
----
a	1
b	1

select id, w from coll lateral view explode(split(pt.y, 'e')) s as w where pt.y is not null order by id, w;
----
1	n
1	t

select c.*, t.tag from (select id from coll) c join (select id as i, tag from coll lateral view explode(tags) x as tag) t on c.id = t.i order by c.id, t.tag;
----
1	a
1	b

select id, size(tags), size(props) from coll order by id;
----
1	2	2
2	0	1
3	-1	-1

select id, n, s from coll lateral view inline(array(named_struct('a', id, 'b', 'one'), named_struct('a', id + 1, 'b', 'two'))) i as n, s where id = 1 order by n;
----
1	1	one
1	2	two

select id, a, b from coll lateral view json_tuple('{"a":"1","b":"2"}', 'a', 'b') j as a, b where id < 3 order by id;
----
1	1	2
2	1	2

select id, tag from coll lateral view explode(tags) t as tag where tag > 'a' and id < 3;
----
1	b

select id, n, m from coll lateral view explode(array(1, 2)) a as n lateral view explode(array(n * 10, n * 100)) b as m where id = 1 order by n, m;
----
1	1	10
1	1	100
1	2	20
1	2	200

select id, collect_list(tag) from coll lateral view explode(tags) t as tag group by id;
----
1	["a","b"]

select id from coll where array_contains(tags, 'a');
----
1

select max(pt.x), sum(props['p']) from coll;
----
20	4

drop table coll;
----
