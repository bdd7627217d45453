//! The forms of the lines and how often each comes, in parts of a thousand.
//!
//! `$name` is a slot; `template` fills it. `$new` stands once in each line where nothing is masked,
//! `$serial` once where it is: between them they make every line another one.

/// Weight and form of each line. The weights add up to 1,000.
pub(super) const LINES: &[(u32, &str)] = &[
    // Web servers, 195.
    (
        80,
        r#"$ip - - [$apache] "GET /$new?page=$small&s=$serial HTTP/1.1" 200 $num "-" "$agent""#,
    ),
    (
        45,
        r#"$ip - $user [$apache] "POST /$verb-$noun HTTP/1.1" 201 $num "-" "$agent" rt=$frac id=$serial $new"#,
    ),
    (
        35,
        r#"$ip - - [$apache] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31" "$new" $serial"#,
    ),
    (
        20,
        r#"$ip - - [$apache] "GET /$noun/app.css?v=$serial HTTP/2.0" 304 0 "-" "$agent" $new"#,
    ),
    (
        9,
        r#"$ip - - [$apache] "GET /$new HTTP/1.1" 404 $num "-" "$agent" $serial"#,
    ),
    (
        4,
        r#"$ip - - [$apache] "GET /$noun HTTP/1.1" 502 $num "-" "$agent" upstream=$new $serial"#,
    ),
    (
        2,
        r#"$ip - - [$apache] "GET /index.php?id=$serial%27%20OR%201=1--&f=../../../etc/passwd HTTP/1.1" 403 $num "-" "sqlmap/1.8" $new"#,
    ),
    // Applications that write JSON, 220.
    (
        80,
        r#"{"ts":"$iso","level":"info","logger":"$svc.$noun","msg":"$verb $noun $new done","req":"$serial","ms":$small}"#,
    ),
    (
        45,
        r#"{"level":"debug","time":"$iso","service":"$svc","message":"$adj $noun cache hit for $new","key":"$hex","n":$serial}"#,
    ),
    (
        40,
        r#"{"@timestamp":"$iso","log.level":"INFO","message":"$phrase $new","trace.id":"$hex","transaction":$serial}"#,
    ),
    (
        25,
        r#"{"severity":"INFO","message":"$verb $noun of $user","labels":{"app":"$svc","shop":"$new"},"insertId":"$serial"}"#,
    ),
    (
        18,
        r#"{"level":"warn","ts":$epoch.$small,"caller":"$noun/$verb.go:$small","msg":"$noun $new slow: $phrase","order":$serial}"#,
    ),
    (
        10,
        r#"{"level":"error","time":"$iso","service":"$svc","message":"$verb $noun $new failed: connection reset by peer","peer":"$ip:$port","attempt":$small,"id":$serial}"#,
    ),
    (
        2,
        r#"{"level":"fatal","time":"$iso","service":"$svc","message":"out of memory while $verb $noun $new","rss":$num,"id":$serial}"#,
    ),
    // Syslog of RFC 3164, 200.
    (
        40,
        "<30>$bsd $host systemd[1]: Started $noun-$new.service - $phrase ($serial).",
    ),
    (
        25,
        "<86>$bsd $host sshd[$pid]: Accepted publickey for $new from $ip port $port ssh2: ED25519 SHA256 $serial",
    ),
    (
        25,
        "<78>$bsd $host CRON[$pid]: ($user) CMD (/usr/local/bin/$noun-$verb --quiet $new $serial)",
    ),
    (
        25,
        "<22>$bsd $host postfix/smtp[$pid]: $serial: to=<$user@$domain>, relay=$new[$ip]:25, delay=$frac, status=sent (250 Ok)",
    ),
    (
        20,
        "<30>$bsd $host dhcpd[$pid]: DHCPACK on $ip to $mac ($new) via eth0 xid $serial",
    ),
    (
        20,
        "<30>$bsd $host named[$pid]: client @0x$hex $ip#$port ($new): query: $new IN A + id $serial",
    ),
    (
        15,
        "<86>$bsd $host sudo[$pid]: $user : TTY=pts/$small ; PWD=/srv/$noun/www ; USER=root ; COMMAND=$new $serial",
    ),
    (
        9,
        "<38>$bsd $host sshd[$pid]: Failed password for invalid user $new from $ip port $port ssh2 $serial",
    ),
    (
        8,
        "<27>$bsd $host systemd[1]: $noun-$new.service: Main process exited, code=exited, status=1/FAILURE ($serial)",
    ),
    (
        10,
        "<6>$bsd $host kernel: [$serial.$small] usb $small-1: new high-speed USB device $new number $small using xhci_hcd",
    ),
    (
        3,
        "<3>$bsd $host kernel: [$serial.$small] Out of memory: Killed process $pid ($new) total-vm:$numkB, anon-rss:$numkB, oom_score_adj:0",
    ),
    // Syslog of RFC 5424, 70.
    (
        40,
        r#"<165>1 $iso $host $svc $pid $verb [meta sequenceId="$small"] $phrase $new $serial"#,
    ),
    (
        25,
        "<134>1 $iso $host haproxy $pid - - $ip:$port [$apache] www $new/web1 0/0/1/$small/$small 200 $num - - ---- $serial",
    ),
    (
        5,
        "<131>1 $iso $host $svc $pid - - $noun $new unavailable: $phrase ($serial)",
    ),
    // Kubernetes, 90.
    (
        45,
        r#"I$klog $pid $noun.go:$small] "$phrase" pod="$noun/$new-$hex" uid="$uuid" n=$serial"#,
    ),
    (
        25,
        r#"I$klog $pid $verb_$noun.go:$small] Syncing $noun $new, generation $serial"#,
    ),
    (
        12,
        r#"W$klog $pid reflector.go:$small] watch of $noun $new ended with: too old resource version: $serial"#,
    ),
    (
        8,
        r#"E$klog $pid pod_workers.go:$small] "Error syncing pod, skipping" err="back-off $small restarting failed container=$new" pod="$noun/$svc-$serial""#,
    ),
    // logfmt, 90.
    (
        45,
        r#"ts=$iso level=info caller=$noun.go:$small component=$noun msg="$verb $noun $new" duration=$smallms id=$serial"#,
    ),
    (
        30,
        "time=$iso level=debug app=$svc $noun=$new heartbeat=ok seq=$serial peers=$small lag=$fracs",
    ),
    (
        15,
        r#"ts=$iso level=warn component=$svc msg="$noun $new retried: $phrase" attempt=$small id=$serial"#,
    ),
    // Java and Python, 75.
    (
        35,
        "$date INFO  [$svc-worker-$small] com.$noun.$svc.$NounHandler - $verb $noun $new in $small ms, id=$serial",
    ),
    (20, "$date - $svc.$noun - INFO - $phrase $new (job $serial)"),
    (
        12,
        "$date WARN  [http-nio-$port-exec-$small] org.$noun.$Noun$Verb : $phrase for $new, retry $serial",
    ),
    (
        8,
        "$date ERROR [main] com.$svc.$Noun - $verb $new failed java.lang.IllegalStateException: $phrase at com.$svc.$Noun.$verb($Noun.java:$small) at com.$svc.$NounServer.run($NounServer.java:$small) id=$serial",
    ),
    // Windows, 25.
    (
        12,
        r#"{"EventID":4624,"Channel":"Security","Computer":"$host","TimeCreated":"$iso","TargetUserName":"$new","LogonType":3,"IpAddress":"$ip","RecordNumber":$serial,"Message":"An account was successfully logged on."}"#,
    ),
    (
        9,
        r#"{"EventID":7036,"Channel":"System","Provider":"Service Control Manager","Computer":"$host","RecordNumber":$serial,"Message":"The $Noun $new service entered the running state."}"#,
    ),
    (
        4,
        r#"{"EventID":4625,"Channel":"Security","Computer":"$host","TargetUserName":"$new","LogonType":3,"IpAddress":"$ip","RecordNumber":$serial,"Message":"An account failed to log on."}"#,
    ),
    // Firewalls and appliances, 35.
    (
        15,
        "CEF:0|Northwall|Gate|11.2|$small|Traffic allowed|2|src=$ip dst=$ip spt=$port dpt=443 proto=TCP act=allow app=$new cnt=$serial",
    ),
    (
        12,
        "<4>$bsd $host kernel: [FW ALLOW] IN=eth0 OUT=eth1 MAC=$mac SRC=$ip DST=$ip LEN=60 TTL=63 ID=$serial PROTO=TCP SPT=$port DPT=443 NOTE=$new",
    ),
    (
        6,
        "<164>$bsd $host %ASA-6-302013: Built outbound TCP connection $serial for outside:$ip/$port to inside:$ip/$port ($new)",
    ),
    (
        2,
        "CEF:0|Northwall|Gate|11.2|$small|Port scan detected|8|src=$ip dst=$ip act=blocked cs1=$new cnt=$serial",
    ),
];
