"""Word lists of the slot generators.

Every list serves lines of all four labels, so that no name in it is evidence for any of them.
Addresses and domains are those reserved for documentation.
"""


def listed(text):
    """The words of a text."""
    return tuple(text.split())


FIRST_NAMES = listed(
    "aaron ada adam agnes ahmed aisha alan alex ali alice amara amir amy ana andre andrea anita "
    "anna anton aria arjun astrid ben bianca bob boris bruno carla carlos carol cedric chen chloe "
    "chris clara colin dan dana daniel david deepa diana diego dmitri dora eda elena eli ella emil "
    "emma eric esther eva fatima felix fiona frank gabriel george gina grace greta gustav hana "
    "hannah hans hassan heidi helen henrik hugo ian ibrahim ines ingrid irene isaac ivan jack jan "
    "jane javier jen jim joana joe john jonas jose judit julia kai karin kate keiko kemal ken kira "
    "lara lars laura lea leo li liam lin lisa luca lucia luis mara marco maria mark marta mateo "
    "maya mei mia mike milan mina mohamed mona nadia naomi nick nina noah nora olaf oleg olga omar "
    "oscar otto pablo paul pedro peter petra pia priya rafael raj ravi rita rob rosa ruth sam sana "
    "sara sean simon sofia stefan sven tania tara theo tim tina tom uma ursula vera victor vikram "
    "wei will xin yann yara yuki yusuf zara zoe"
)

LAST_NAMES = listed(
    "abbott adler ahmad alves anders arora bauer becker berg bianchi black blanc borg brandt brown "
    "bruun castro chan clark cohen costa cruz dahl davis diaz dubois eder evans fischer flores "
    "fontana foster fuchs garcia gomez gray green gupta haas hall hansen hara hill hoffman horvat "
    "hughes ito jansen jensen jones kaplan kaya keller khan kim king klein kovacs kumar lang larsen "
    "lee lehmann lind lopez ludwig maier marino martin mayer meyer miller mori moreau morgan muller "
    "nagy nakamura nguyen nielsen novak olsen ortiz park patel perez peters popov price rao reid "
    "reyes ricci rivera rossi roth russo santos sato schmidt scott shah silva singh smith sokolov "
    "stein suzuki svensson tanaka taylor torres turner vargas vogel wagner walker wang weber weiss "
    "white wilson winter wolf wong wright yamada young zhang ziegler"
)

SERVICE_USERS = listed(
    "admin administrator ansible apache backup bin build ci-bot daemon debian deploy deployer "
    "developer dev ec2-user elastic ftp ftpuser git gitlab grafana guest hadoop jenkins jira kafka "
    "ldap mail mailman minecraft monitor monitoring mongo mysql nagios nexus nginx nobody operator "
    "oracle postgres prometheus puppet rabbitmq redis root rsync runner scan service sftp solr "
    "spark sshd stack steam student support svc-app svc-backup svc-web sysadmin system teamcity "
    "telegraf temp test test1 tester testuser tomcat ubuntu ubnt user user1 vagrant vnc web webadmin "
    "webmaster www www-data zabbix zookeeper"
)

ADMIN_USERS = listed(
    "root admin administrator Administrator sysadmin superuser domain-admin it-admin ops ops-lead "
    "platform sre secadmin dba sa postgres oracle cloud-admin org-owner netadmin"
)

SYLLABLES = listed(
    "ba be bi bo bu da de di do du fa fe fi fo ga ge go ha he ho ja jo ka ke ki ko la le li lo lu "
    "ma me mi mo mu na ne ni no pa pe pi po ra re ri ro ru sa se si so ta te ti to va ve vi vo za zo"
)

WORDS = listed(
    "account alpha amber annual apollo apple arch archive aspen asset atlas aurora autumn azure "
    "badge bamboo basic beacon beta billing birch blue board book booking branch bravo bridge "
    "bronze budget bundle canvas canyon cargo cart catalog cedar center chart checkout city claim "
    "class client cloud clover coast cobalt comet common contact copper coral core cosmos course "
    "crane crystal customer daily data delta demo desk detail device digital dock document dolphin "
    "draft dragon eagle east echo edge email ember emerald engine entry estate event expense "
    "export falcon feature feed field file finance first fleet flora forest form forum frame front "
    "galaxy garden gate gamma global gold grand granite graph green grid group guide hall harbor "
    "harvest hazel head helios heron hill home honey horizon hotel house hub import inbound index "
    "indigo inner input invoice iris iron island item ivory jade journal july june juniper kernel "
    "key kiosk lab lake large laser layer ledger legal lemon level library light lily lime line "
    "link list local lotus lunar lynx magnet mail main manual maple march market marine mars master "
    "matrix media member mercury meta meteor metro middle mint mirror mobile model moon mosaic "
    "mountain music nebula new news night north notes nova oak ocean office olive omega onyx opal "
    "orange orbit order orders orchid orion outbound page panda panel paper park partner path "
    "payment payroll pearl people phoenix photo pine pixel plan planet plaza point polar pool "
    "portal primary prime product profile project public pulse purple quartz queue quota rain "
    "ranch raven record red reef region report retail ridge river road robin rocket room root rose "
    "ruby safari sage sales sample sand sapphire saturn scale school science scout sea search "
    "season second section select server session shop signal silver site sky small snow solar "
    "sonic source south spark spring square staff stage star station stock storage store storm "
    "stream street studio summer summit sun support survey swan table target task team teal tempo "
    "terra ticket tiger timber titan token topaz tower track trade trail train travel tree trend "
    "tulip tunnel turbo unit upper urban user valley vault vector vega velvet venus vertex video "
    "view village violet vision vista volume water wave web west whale wheat white wind winter "
    "wolf wood work world yellow zebra zenith zephyr zone"
)

HOST_ROLES = listed(
    "web app api db cache mail mx dns ns proxy lb gw fw vpn bastion jump ci build git repo log mon "
    "metrics backup nas san file print auth ldap kdc dc sql pg mysql mongo redis kafka mq worker "
    "node master etcd edge cdn stage dev test prod esx hv vm"
)

SERVICES = listed(
    "nginx apache2 httpd sshd ssh cron crond rsyslog postfix dovecot mysql mariadb postgresql "
    "redis mongod docker containerd kubelet chronyd ntpd named bind9 haproxy squid vsftpd smbd nmbd "
    "winbind nfs-server rpcbind cups bluetooth NetworkManager firewalld ufw fail2ban auditd snapd "
    "apt-daily logrotate php-fpm tomcat elasticsearch kibana grafana-server prometheus "
    "node_exporter zabbix-agent rabbitmq-server memcached jenkins gitlab-runner vault consul nomad "
    "billing-api checkout inventory order-service payment-gateway user-service search-indexer "
    "report-worker notification mail-relay"
)

PROCESSES = listed(
    "bash sh python3 perl java node ruby php php-fpm nginx httpd sshd systemd cron mysqld postgres "
    "redis-server mongod dockerd containerd kubelet etcd chrome firefox code vim rsync tar gzip "
    "cp curl wget ssh scp apt dpkg yum git make gcc cargo go dotnet svchost.exe explorer.exe "
    "powershell.exe cmd.exe lsass.exe services.exe w3wp.exe sqlservr.exe msedge.exe outlook.exe "
    "winword.exe excel.exe teams.exe python.exe java.exe backup.exe"
)

NAMESPACES = listed(
    "default kube-system kube-public monitoring logging ingress-nginx istio-system cert-manager "
    "argocd flux-system prod production staging dev qa test shop payments billing orders "
    "team-a team-b data ml web backend frontend infra security"
)

APPS = listed(
    "api web frontend backend checkout cart payments billing orders catalog search users auth "
    "gateway worker scheduler mailer reports ingest indexer cache proxy grafana prometheus loki "
    "redis postgres mysql mongodb kafka rabbitmq nginx coredns kube-proxy metrics-server fluent-bit "
    "cert-manager argocd-server external-dns"
)

FILE_STEMS = listed(
    "access app archive auth backup boot build cache config data db debug default dump error events "
    "export history image import index init install job journal key lib list local log main manual "
    "mapping messages model module notes output package passwd patch policy profile query readme "
    "release report rules run schema script secret server session settings setup shadow state stats "
    "status summary syslog system table task temp template test tmp trace update upload users "
    "version worker"
)

FILE_ENDS = listed(
    "txt log conf cfg ini yaml yml json xml csv sql db sqlite sh py pl rb js ts go rs java jar war "
    "php html css tar gz tgz zip bz2 xz bak old tmp pid lock key pem crt doc docx xls xlsx pdf ppt "
    "png jpg gif svg dll exe so service timer rpm deb"
)

UNIX_DIRS = listed(
    "/etc /etc/ssh /etc/nginx /etc/cron.d /etc/systemd/system /var/log /var/lib /var/lib/mysql "
    "/var/lib/postgresql/16/main /var/lib/docker /var/lib/kubelet/pods /var/spool/cron /var/www/html "
    "/var/cache/apt /var/run /run/user/1000 /usr/bin /usr/sbin /usr/local/bin /usr/lib/systemd "
    "/usr/share /opt /opt/app /opt/app/current /srv/data /srv/www /home /tmp /var/tmp /dev/shm "
    "/mnt/backup /mnt/nfs/share /root /boot"
)

WINDOWS_DIRS = (
    r"C:\Windows\System32",
    r"C:\Windows\SysWOW64",
    r"C:\Windows\Temp",
    r"C:\Program Files\App",
    r"C:\Program Files (x86)\Vendor\Tool",
    r"C:\ProgramData\Package",
    r"C:\Users\Public\Documents",
    r"C:\inetpub\wwwroot",
    r"D:\Data\Reports",
    r"D:\Backup\SQL",
    r"E:\Shares\Finance",
)

URL_PARTS = listed(
    "api v1 v2 v3 users user orders order products product items item cart checkout search login "
    "logout account profile settings admin static assets img images css js fonts docs help about "
    "contact blog news feed rss sitemap files download upload reports export import events jobs "
    "status info list detail edit new update delete auth token session callback webhook graphql"
)

BROWSERS = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/{}.0.0.0 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) Version/17.{} Safari/605.1.15"
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.{} Mobile/15E148 Safari/604.1"
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/{}.0.0.0 Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/{0}.0.0.0 Safari/537.36 Edg/{0}.0.0.0"
    ),
)

TOOL_AGENTS = (
    "curl/8.{}.0",
    "curl/7.{}.1",
    "Wget/1.21.{}",
    "python-requests/2.{}.0",
    "Go-http-client/1.1",
    "Go-http-client/2.0",
    "okhttp/4.{}.0",
    "axios/1.{}.0",
    "Java/17.0.{}",
    "Apache-HttpClient/4.5.{} (Java/11.0.2)",
    "libwww-perl/6.{}",
    "PostmanRuntime/7.{}.0",
    "aws-cli/2.{}.0 Python/3.11.8 Linux/6.1 exe/x86_64",
    "Boto3/1.34.{} Python/3.11",
    "kubectl/v1.30.{} (linux/amd64)",
    "HashiCorp Terraform/1.8.{}",
    "Ruby",
    "PHP/8.{}.1",
)

COUNTRIES = listed(
    "US DE FR GB NL ES IT PL SE NO FI DK CZ AT CH BE PT IE RO BG GR TR UA RU CN JP KR IN ID VN TH SG "
    "AU NZ CA MX BR AR CL ZA EG NG KE IL AE IR KP"
)

AWS_REGIONS = listed(
    "us-east-1 us-east-2 us-west-1 us-west-2 eu-west-1 eu-west-2 eu-central-1 eu-north-1 "
    "ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 sa-east-1 ca-central-1"
)

TABLES = listed(
    "users accounts orders order_items customers payments invoices products sessions audit_log "
    "events inventory employees patients transactions cards messages tickets settings roles "
    "permissions jobs queue addresses"
)

MONTHS = listed("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
