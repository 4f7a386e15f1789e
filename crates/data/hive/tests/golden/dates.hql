select date_add('2024-02-28', 2), date_add(date '2024-12-31', 1), date_sub('2024-03-01', 1), date_add('2024-01-01', -1);
----
2024-03-01	2025-01-01	2024-02-29	2023-12-31

select datediff('2024-03-01', '2024-02-01'), datediff(date '2024-01-01', date '2024-12-31'), datediff('2024-03-01 23:59:59', '2024-03-01 00:00:00');
----
29	-365	0

select to_date('2024-03-01 12:30:00'), to_date('bad');
----
2024-03-01	NULL

select year('2024-03-05'), month('2024-03-05'), day('2024-03-05'), dayofmonth('2024-03-05');
----
2024	3	5	5

select hour('2024-03-05 13:14:15'), minute('2024-03-05 13:14:15'), second('2024-03-05 13:14:15');
----
13	14	15

select quarter('2024-05-01'), weekofyear('2024-01-01'), dayofweek('2024-03-05'), dayofyear('2024-03-01');
----
2	1	3	61

select year(timestamp '2024-03-05 01:02:03'), month(date '2024-03-05'), year('bad'), year(null);
----
2024	3	NULL	NULL

select add_months('2024-01-31', 1), add_months(date '2024-03-31', -1), add_months('2023-12-15', 14);
----
2024-02-29	2024-02-29	2025-02-15

select last_day('2024-02-10'), last_day('2023-02-10'), next_day('2024-03-05', 'MON'), next_day('2024-03-05', 'Tuesday');
----
2024-02-29	2023-02-28	2024-03-11	2024-03-12

select months_between('2024-03-31', '2024-02-29'), months_between('2024-03-15', '2024-01-01'), months_between('1997-02-28 10:30:00', '1996-10-30');
----
1.0	2.4516129	3.94959677

-- by hand: Spark knows QUARTER, not Q
select trunc('2024-03-15', 'MM'), trunc('2024-03-15', 'YEAR'), trunc('2024-05-15', 'Q');
----
2024-03-01	2024-01-01	2024-04-01

select date_format('2024-03-05', 'yyyy/MM/dd'), date_format(timestamp '2024-03-05 13:04:09', 'yyyy-MM-dd HH:mm:ss'), date_format('2024-03-05 13:04:09', 'hh:mm a');
----
2024/03/05	2024-03-05 13:04:09	01:04 PM

select date_format('2024-03-05', 'EEEE'), date_format('2024-03-05', 'EEE, d MMM yyyy'), date_format('2024-03-05', 'yy-M-d'), date_format('2024-03-05', 'MMMM');
----
Tuesday	Tue, 5 Mar 2024	24-3-5	March

select date_format('2024-03-05', 'yyyyMMdd'), date_format('2024-03-05 01:02:03.456', 'HH:mm:ss.SSS'), date_format('bad', 'yyyy');
----
20240305	01:02:03.456	NULL

select from_unixtime(0), from_unixtime(86400, 'yyyy-MM-dd'), from_unixtime(1709640000, 'yyyy-MM-dd HH:mm');
----
1970-01-01 00:00:00	1970-01-02	2024-03-05 12:00

select unix_timestamp('1970-01-02 00:00:00'), unix_timestamp('02/01/1970', 'dd/MM/yyyy'), unix_timestamp('bad'), unix_timestamp(timestamp '2024-03-05 00:00:00');
----
86400	86400	NULL	1709596800

select from_unixtime(unix_timestamp('20240305', 'yyyyMMdd'), 'yyyy-MM-dd');
----
2024-03-05

select to_timestamp('2024-03-05 10:11:12'), to_timestamp('05.03.2024', 'dd.MM.yyyy');
----
2024-03-05 10:11:12	2024-03-05 00:00:00

select extract(year from date '2024-03-05'), extract(month from timestamp '2024-03-05 10:00:00'), extract(hour from timestamp '2024-03-05 10:00:00');
----
2024	3	10

select date '2024-03-05' + interval 3 days, date '2024-03-31' + interval '1' month, timestamp '2024-03-05 10:00:00' - interval 90 minutes;
----
2024-03-08	2024-04-30	2024-03-05 08:30:00

select date '2024-03-05' > date '2024-03-04', date '2024-03-05' = '2024-03-05', timestamp '2024-03-05 00:00:00' = date '2024-03-05';
----
true	true	true

select date '2024-03-05' between '2024-03-01' and '2024-03-31';
----
true

select from_utc_timestamp('2024-03-05 12:00:00', 'Asia/Shanghai'), to_utc_timestamp('2024-03-05 20:00:00', 'Asia/Shanghai');
----
2024-03-05 20:00:00	2024-03-05 12:00:00

select from_utc_timestamp(timestamp '2024-07-01 12:00:00', 'America/New_York');
----
2024-07-01 08:00:00

select date_trunc('hour', timestamp '2024-03-05 13:14:15'), date_trunc('MONTH', timestamp '2024-03-05 13:14:15');
----
2024-03-05 13:00:00	2024-03-01 00:00:00

select current_date() = to_date(current_timestamp()), current_date = current_date();
----
true	true

select unix_timestamp() > 1700000000;
----
true

select datediff(null, '2024-01-01'), date_add(null, 1), date_format(null, 'yyyy');
----
NULL	NULL	NULL

select date_part('year', date '2024-03-05'), floor(months_between('2024-06-01', '2024-01-01'));
----
2024	5

select timestamp '2024-03-05 10:00:00.5', timestamp '2024-03-05 10:00:00';
----
2024-03-05 10:00:00.5	2024-03-05 10:00:00
