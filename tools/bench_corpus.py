"""Rendered manifests to measure with: as `helm template` writes them, each object with a name of its own."""

from __future__ import annotations

from pathlib import Path

FILES = 10_000
DOCUMENTS = 4  # a file

_LABELS = """  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: release-{number}
    app.kubernetes.io/version: "1.{number}.0"
    app.kubernetes.io/managed-by: Helm
    helm.sh/chart: {name}-0.{number}.1
"""

_DEPLOYMENT = """# Source: shop/templates/{name}-deployment.yaml
apiVersion: {api}
kind: Deployment
metadata:
  name: {name}-{number}
  namespace: team-{team}
{labels}  annotations:
    description: "serves the {name} of release {number}"
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
      app.kubernetes.io/instance: release-{number}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/instance: release-{number}
      annotations:
        checksum/config: 3d4f1c9a7b6e5d2c8f0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f506
        prometheus.io/scrape: "true"
        prometheus.io/port: "8080"
    spec:
      serviceAccountName: {name}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        fsGroup: 1000
      containers:
        - name: {name}
          image: "registry.example.com/shop/{name}:1.{number}.0"
          imagePullPolicy: IfNotPresent
          args: ["--listen", ":8080", "--log-level=info"]
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: {name}-database
                  key: url
          livenessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 10
            periodSeconds: 10
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            initialDelaySeconds: 5
          resources:
            limits:
              cpu: 500m
              memory: 512Mi
            requests:
              cpu: 100m
              memory: 128Mi
          volumeMounts:
            - name: config
              mountPath: /etc/{name}
      volumes:
        - name: config
          configMap:
            name: {name}-{number}
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
        - key: dedicated
          operator: Equal
          value: shop
          effect: NoSchedule
"""

_CONFIG = """# Source: shop/templates/{name}-config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}-{number}
  namespace: team-{team}
{labels}data:
  application.yaml: |
    server:
      port: 8080
      shutdown: graceful
    spring:
      datasource:
        url: jdbc:postgresql://database:5432/{name}
        hikari:
          maximum-pool-size: 10
          connection-timeout: 30000
    management:
      endpoints:
        web:
          exposure:
            include: health,info,prometheus
    logging:
      level:
        root: INFO
        com.example.{name}: DEBUG
  nginx.conf: |
    server {{
      listen 8080;
      location / {{
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_read_timeout 60s;
      }}
      location /static {{
        root /srv/{name};
        expires 1h;
      }}
    }}
"""

_SERVICE = """# Source: shop/templates/{name}-service.yaml
apiVersion: v1
kind: Service
metadata:
  name: {name}-{number}
  namespace: team-{team}
{labels}spec:
  type: ClusterIP
  ports:
    - port: 80
      targetPort: http
      protocol: TCP
      name: http
    - port: 9090
      targetPort: metrics
      protocol: TCP
      name: metrics
  selector:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: release-{number}
"""

_INGRESS = """# Source: shop/templates/{name}-ingress.yaml
apiVersion: {api}
kind: Ingress
metadata:
  name: {name}-{number}
  namespace: team-{team}
{labels}  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
    nginx.ingress.kubernetes.io/ssl-redirect: "true"
    cert-manager.io/cluster-issuer: letsencrypt
spec:
  ingressClassName: nginx
  tls:
    - hosts:
        - {name}-{number}.example.com
      secretName: {name}-{number}-tls
  rules:
    - host: {name}-{number}.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {name}-{number}
                port:
                  name: http
"""

_BUDGET = """# Source: shop/templates/{name}-pdb.yaml
apiVersion: {api}
kind: PodDisruptionBudget
metadata:
  name: {name}-{number}
  namespace: team-{team}
{labels}spec:
  minAvailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
      app.kubernetes.io/instance: release-{number}
"""

_CRON = """# Source: shop/templates/{name}-cronjob.yaml
apiVersion: {api}
kind: CronJob
metadata:
  name: {name}-{number}
  namespace: team-{team}
{labels}spec:
  schedule: "*/15 * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 2
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - name: job
              image: "registry.example.com/shop/{name}:1.{number}.0"
              args: ["--once"]
              resources:
                requests:
                  cpu: 50m
                  memory: 64Mi
"""

# (template, living API, removed API)
_KINDS = (
    (_DEPLOYMENT, "apps/v1", "extensions/v1beta1"),
    (_INGRESS, "networking.k8s.io/v1", "networking.k8s.io/v1beta1"),
    (_BUDGET, "policy/v1", "policy/v1beta1"),
    (_CRON, "batch/v1", "batch/v1beta1"),
)
_NAMES = ("cart", "checkout", "catalogue", "payment", "search", "session", "stock")


def document(number: int, *, removed: bool) -> str:
    """The `number`-th document; every sixth is a ConfigMap, every sixth a Service."""
    name = _NAMES[number % len(_NAMES)]
    values = {"name": name, "number": number, "team": number % 40}
    labels = _LABELS.format(**values)
    if not removed and number % 3 == 2:
        template, api = (_CONFIG, "v1") if number % 2 else (_SERVICE, "v1")
    else:
        template, living, gone = _KINDS[number // 3 % len(_KINDS)]
        api = gone if removed else living
    return template.format(**values, labels=labels, api=api)


def write(directory: Path, *, every: int | None) -> int:
    """Writes FILES files and returns their size in bytes; each `every`-th document has something to find."""
    size = number = 0
    for index in range(FILES):
        folder = directory / f"team-{index % 100:02}"
        folder.mkdir(parents=True, exist_ok=True)
        documents = []
        for _ in range(DOCUMENTS):
            documents.append(document(number, removed=every is not None and number % every == 0))
            number += 1
        data = "".join(f"---\n{text}" for text in documents).encode()
        while len(data) < 6_400:
            data += f"---\n{document(number, removed=False)}".encode()
            number += 1
        (folder / f"manifest-{index:05}.yaml").write_bytes(data)
        size += len(data)
    return size
