#!/usr/bin/env bash
# A private HDFS for tests, on free ports of the loopback address: a NameNode and a DataNode of Hadoop itself.
#   scripts/hdfs.sh start DIR    makes and starts it, prints its URL; the folder /small may hold 20 MiB
#   scripts/hdfs.sh stop DIR     stops it and removes DIR
# Their jars come inside of the Python package of Spark 2.4 (220 MB), the last with a whole Hadoop in it; what is needed of
# them is kept in tests/hdfs/.jars. DOORSTEP_TEST_HADOOP_JARS names a folder with them if you have one.
set -euo pipefail
action=$1 dir=$2
here=$(cd "$(dirname "$0")/.." && pwd)

fetch() { # JARS
  local fetched; fetched=$(mktemp -d)
  python3 -m venv "$fetched/venv"
  # Newer ones lack what this package's set-up asks of it.
  echo 'pypandoc==1.5' >"$fetched/constraints"
  PIP_CONSTRAINT="$fetched/constraints" "$fetched/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps \
    --no-cache-dir --no-binary pyspark --dest "$fetched" pyspark==2.4.8 >"$fetched/log" 2>&1 || { cat "$fetched/log" >&2; return 1; }
  rm -rf "$1.part"; mkdir -p "$1.part"
  tar -xzf "$fetched"/pyspark-*.tar.gz -C "$1.part" --strip-components=3 --wildcards \
    '*/jars/hadoop-common*' '*/jars/hadoop-auth*' '*/jars/hadoop-annotations*' '*/jars/hadoop-hdfs*' '*/jars/commons-*' '*/jars/guava*' \
    '*/jars/jetty*' '*/jars/jsp-api*' '*/jars/javax.servlet-api*' '*/jars/javax.ws.rs-api*' '*/jars/protobuf-java*' '*/jars/netty*' '*/jars/leveldbjni*' '*/jars/htrace*' \
    '*/jars/xmlenc*' '*/jars/slf4j*' '*/jars/log4j*' '*/jars/jackson*' '*/jars/avro-1*'
  rm -rf "$fetched"
  mv "$1.part" "$1"
}

hadoop() { # CLASS [ARGUMENT…]
  local opened=()
  for package in java.base/java.lang java.base/java.nio java.base/sun.nio.ch java.security.jgss/sun.security.krb5; do
    opened+=("--add-opens=$package=ALL-UNNAMED")
  done
  exec java -Xmx256m "${opened[@]}" -cp "$dir/conf:$jars/*" "$@"
}

case $action in
start)
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
  if [ "$version" -lt 11 ] || [ "$version" -gt 23 ]; then
    echo "Hadoop runs on Java 11 to 23, and the java on the PATH is $version: put another one first." >&2; exit 1
  fi
  jars=${DOORSTEP_TEST_HADOOP_JARS:-$here/tests/hdfs/.jars}
  [ -d "$jars" ] || fetch "$jars"
  mkdir -p "$dir/conf/webapps/hdfs" "$dir/conf/webapps/datanode"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  set_to() { printf '<property><name>%s</name><value>%s</value></property>\n' "$@"; }
  { echo '<configuration>'; set_to fs.defaultFS "hdfs://127.0.0.1:$port"; echo '</configuration>'; } >"$dir/conf/core-site.xml"
  {
    echo '<configuration>'
    set_to dfs.namenode.name.dir "file://$dir/name" dfs.datanode.data.dir "file://$dir/data" \
      dfs.namenode.http-address 127.0.0.1:0 dfs.datanode.address 127.0.0.1:0 dfs.datanode.http.address 127.0.0.1:0 \
      dfs.datanode.ipc.address 127.0.0.1:0 dfs.replication 1 dfs.blocksize 4194304 dfs.webhdfs.enabled false
    echo '</configuration>'
  } >"$dir/conf/hdfs-site.xml"
  cat >"$dir/conf/log4j.properties" <<'LOG'
log4j.rootLogger=INFO,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{HH:mm:ss} %p %c{1}: %m%n
LOG
  node=org.apache.hadoop.hdfs.server
  (hadoop $node.namenode.NameNode -format -nonInteractive) >"$dir/format.log" 2>&1 || { cat "$dir/format.log" >&2; exit 1; }
  (hadoop $node.namenode.NameNode) >"$dir/namenode.log" 2>&1 </dev/null & echo $! >"$dir/namenode.pid"
  (hadoop $node.datanode.DataNode) >"$dir/datanode.log" 2>&1 </dev/null & echo $! >"$dir/datanode.pid"
  for _ in $(seq 1 240); do
    if grep -q 'Successfully sent block report' "$dir/datanode.log"; then
      { (hadoop org.apache.hadoop.fs.FsShell -mkdir /small) && (hadoop org.apache.hadoop.hdfs.tools.DFSAdmin -setSpaceQuota 20m /small); } \
        >"$dir/quota.log" 2>&1 || { cat "$dir/quota.log" >&2; "$0" stop "$dir"; exit 1; }
      echo "hdfs://127.0.0.1:$port"; exit 0
    fi
    for which in namenode datanode; do
      kill -0 "$(cat "$dir/$which.pid")" 2>/dev/null || { echo "The $which has ended:" >&2; tail -n 30 "$dir/$which.log" >&2; "$0" stop "$dir"; exit 1; }
    done
    sleep 0.5
  done
  echo "HDFS was not ready within two minutes:" >&2; tail -n 30 "$dir"/*.log >&2; "$0" stop "$dir"; exit 1 ;;
stop)
  for which in datanode namenode; do
    [ ! -f "$dir/$which.pid" ] || kill -9 "$(cat "$dir/$which.pid")" 2>/dev/null || true
  done
  rm -rf "$dir" ;;
*) echo "usage: scripts/hdfs.sh start|stop DIR" >&2; exit 2 ;;
esac
