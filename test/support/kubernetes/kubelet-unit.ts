// The unit `kubelet.service` of the Kubernetes packages, on a machine without systemd: a program in the place of
// systemctl, which reads the variables and the commands of the drop-ins as systemd does, and starts the kubelet again
// ten seconds after it has ended.

/** Where the unit writes what the kubelet logs. */
export const KUBELET_LOG = '/var/log/kubelet.log'

/** The drop-in of the Kubernetes packages, as far as variables are concerned. */
export const PACKAGES_DROP_IN = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
`

/** Where {@link PACKAGES_DROP_IN} is. */
export const PACKAGES_DROP_IN_PATH = '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf'

/**
 * The program in the place of systemctl.
 * @param kubelet the path of the program
 */
export const systemctlFor = (kubelet: string): string => `#!/bin/sh
unit=/run/kubelet-unit
case "$1" in
start | restart)
  "$0" stop kubelet
  cat > "$unit" <<'UNIT'
sed_drop_ins() {
  for path in $(ls /usr/lib/systemd/system/kubelet.service.d/*.conf /etc/systemd/system/kubelet.service.d/*.conf \\
    2> /dev/null | awk -F/ '{ print $NF, $0 }' | sort | cut -d' ' -f2); do
    sed -n "$1" "$path"
  done
}
while :; do
  eval "$(sed_drop_ins 's/^Environment="\\([A-Z_]*\\)=\\(.*\\)"$/\\1="\\2"/p')"
  KUBELET_KUBEADM_ARGS=
  [ ! -f /var/lib/kubelet/kubeadm-flags.env ] || . /var/lib/kubelet/kubeadm-flags.env
  # systemd ignores a failure of a command after "-".
  sed_drop_ins 's/^ExecStartPre=-\\(.*\\)/\\1 || :/p; s/^ExecStartPre=//p' > /run/kubelet-before
  sh -e /run/kubelet-before &&
    ${kubelet} $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS --v=2
  echo "the kubelet ended with status $?"
  sleep 10
done
UNIT
  setsid sh "$unit" >> ${KUBELET_LOG} 2>&1 < /dev/null &
  echo $! > "$unit.pid" ;;
stop)
  group="-$(cat "$unit.pid" 2> /dev/null || echo none)"
  kill -- "$group" 2> /dev/null
  while kill -0 -- "$group" 2> /dev/null; do sleep 0.1; done
  rm -f "$unit.pid" ;;
status) echo 'Loaded: loaded' ;;
is-active) [ -f "$unit.pid" ] && echo active ;;
is-enabled) echo enabled ;;
esac
exit 0
`
