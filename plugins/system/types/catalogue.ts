/**
 * The service types of control-plane 5.1 by name, whether or not a plugin implements them here: a service of such a type can be
 * stored (from an import, or before its plugin is installed), and its calls answer 503. Types that a plugin registers come first.
 */

/** A type that is known by name. */
export interface KnownType {
  readonly name: string
  readonly label: string
  readonly group: string
  readonly singleton: boolean
}

const groups: { readonly [group: string]: { readonly [name: string]: string } } = {
  Database: {
    mysql: 'MySQL',
    mariadb: 'MariaDB',
    pgsql: 'PostgreSQL',
    sqlite: 'SQLite',
    alloydb: 'AlloyDB',
    couchdb: 'CouchDB',
    cassandra: 'Cassandra',
    firebird: 'Firebird',
    aws_dynamodb: 'AWS DynamoDB',
    aws_redshift_db: 'AWS Redshift',
    azure_documentdb: 'Azure DocumentDB',
    azure_table: 'Azure Table Storage',
    couchbase: 'Couchbase',
    shopify: 'Shopify',
    sqlsrv: 'SQL Server',
    oracle: 'Oracle',
    mongodb: 'MongoDB',
    ibmdb2: 'IBM DB2',
    informix: 'IBM Informix',
    hana: 'SAP HANA',
    memsql: 'MemSQL',
    sqlanywhere: 'SAP SQL Anywhere',
    databricks: 'Databricks',
    dremio: 'Dremio',
    trino: 'Trino',
    salesforce_db: 'Salesforce',
    snowflake: 'Snowflake',
  },
  'Big Data': { bigquery: 'BigQuery', apache_hive: 'Apache Hive' },
  File: {
    local_file: 'Local File Storage',
    ftp_file: 'FTP File Storage',
    sftp_file: 'SFTP File Storage',
    webdav_file: 'WebDAV File Storage',
    aws_s3: 'AWS S3',
    azure_blob: 'Azure Blob Storage',
    rackspace_cloud_files: 'Rackspace Cloud Files',
    openstack_object_storage: 'OpenStack Object Storage',
    gridfs: 'GridFS',
    hadoop_hdfs: 'Hadoop HDFS',
  },
  Excel: { excel: 'Excel' },
  'Remote Service': { rws: 'HTTP Service', soap: 'SOAP Service' },
  Script: { nodejs: 'Node.js', php: 'PHP', python: 'Python', python3: 'Python 3' },
  Cache: { cache_local: 'Local Cache', cache_memcached: 'Memcached', cache_redis: 'Redis' },
  Email: { local_email: 'Local Email Service', smtp_email: 'SMTP', mailgun_email: 'Mailgun', aws_ses: 'AWS SES' },
  Notification: { aws_sns: 'AWS SNS', apns: 'Apple Push Notification', gcm: 'GCM Push Notification' },
  'Source Control': { github: 'GitHub', gitlab: 'GitLab', bitbucket: 'Bitbucket' },
  IoT: { mqtt: 'MQTT Client', amqp: 'AMQP Client' },
  Log: { logstash: 'Logstash' },
  OAuth: {
    oauth_facebook: 'Facebook OAuth',
    oauth_twitter: 'Twitter OAuth',
    oauth_github: 'GitHub OAuth',
    oauth_google: 'Google OAuth',
    oauth_linkedin: 'LinkedIn OAuth',
    'oauth_microsoft-live': 'Microsoft Live OAuth',
    oauth_bitbucket: 'Bitbucket OAuth',
    oidc: 'OpenID Connect',
    oauth_azure_ad: 'Azure Active Directory OAuth',
    oauth_salesforce: 'Salesforce OAuth',
  },
  LDAP: { adldap: 'Active Directory', ldap: 'Standard LDAP' },
  SSO: { heroku_addon_sso: 'Heroku Add-on SSO', saml: 'SAML 2.0', okta_saml: 'Okta SAML', auth0_sso: 'Auth0 SSO' },
  System: { system: 'System Management' },
  User: { user: 'User service' },
  'API Doc': { swagger: 'API Docs' },
  MCP: { mcp: 'MCP Server' },
  AI: { ai: 'AI Gateway' },
}

const singletons: ReadonlySet<string> = new Set(['system', 'user', 'swagger', 'heroku_addon_sso'])

export const knownTypes: ReadonlyMap<string, KnownType> = new Map(
  Object.entries(groups).flatMap(([group, types]) =>
    Object.entries(types).map(
      ([name, label]) => [name, { name, label, group, singleton: singletons.has(name) }] as const,
    ),
  ),
)
