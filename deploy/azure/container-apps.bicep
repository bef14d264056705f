// OpenWard in Azure Container Apps, with the virus scanner beside each server.
//   az deployment group create --resource-group GROUP --template-file deploy/azure/container-apps.bicep --parameters …
@minLength(3)
@maxLength(12)
param name string
param location string = resourceGroup().location
@description('The image of deploy/Dockerfile in a registry that the identity may pull from')
param image string
@description('The https address that people use')
param publicUrl string
param adminEmail string
param country string = 'US'
param timezone string
@secure()
param databasePassword string
@description('Of Azure Cache for Redis: rediss://:KEY@HOST:6380')
@secure()
param redisUrl string
@secure()
param smtpUrl string = ''
param mailFrom string
param databaseSubnetId string
param databaseZoneId string
@description('The subnet of the environment, /23 or larger')
param subnetId string
@description('That subnet, where the addresses of the ingress lie')
param subnetRange string

module foundation 'foundation.bicep' = {
  name: 'foundation'
  params: {
    name: name
    location: location
    databasePassword: databasePassword
    databaseSubnetId: databaseSubnetId
    databaseZoneId: databaseZoneId
  }
}

resource log 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: '${name}-openward'
  dependsOn: [ foundation ]
}

resource store 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: '${name}openward'
  dependsOn: [ foundation ]
}

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: '${name}-openward'
  location: location
  properties: {
    vnetConfiguration: { infrastructureSubnetId: subnetId }
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: { customerId: log.properties.customerId, sharedKey: log.listKeys().primarySharedKey }
    }
  }
}

resource data 'Microsoft.App/managedEnvironments/storages@2024-03-01' = {
  parent: environment
  name: 'data'
  properties: {
    azureFile: {
      accountName: store.name
      accountKey: store.listKeys().keys[0].value
      shareName: foundation.outputs.dataShare
      accessMode: 'ReadWrite'
    }
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: '${name}-openward'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${foundation.outputs.identityId}': {} }
  }
  properties: {
    environmentId: environment.id
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: true, targetPort: 8000, transport: 'auto', allowInsecure: false }
      secrets: [
        { name: 'database-url', value: 'postgres://openward:${uriComponent(databasePassword)}@${foundation.outputs.databaseHost}:5432/openward?sslmode=verify-full' }
        { name: 'redis-url', value: redisUrl }
        // An empty secret is refused.
        { name: 'smtp-url', value: empty(smtpUrl) ? 'none' : smtpUrl }
      ]
    }
    template: {
      // More than SIGTERM takes.
      terminationGracePeriodSeconds: 45
      containers: [
        {
          name: 'openward'
          image: image
          args: [ 'serve' ]
          resources: { cpu: json('1.0'), memory: '2Gi' }
          env: concat([
            { name: 'DATABASE_URL', secretRef: 'database-url' }
            { name: 'REDIS_URL', secretRef: 'redis-url' }
            { name: 'CLAMD_URL', value: 'tcp://127.0.0.1:3310' }
            { name: 'STORAGE_URL', value: foundation.outputs.storageUrl }
            { name: 'OPENWARD_KMS_URL', value: foundation.outputs.keyUrl }
            { name: 'OPENWARD_PUBLIC_URL', value: publicUrl }
            { name: 'OPENWARD_TRUSTED_PROXIES', value: subnetRange }
            { name: 'OPENWARD_ADMIN_EMAIL', value: adminEmail }
            { name: 'OPENWARD_COUNTRY', value: country }
            { name: 'OPENWARD_TIMEZONE', value: timezone }
            { name: 'MAIL_FROM', value: mailFrom }
            { name: 'AZURE_CLIENT_ID', value: foundation.outputs.identityClientId }
          ], empty(smtpUrl) ? [] : [ { name: 'SMTP_URL', secretRef: 'smtp-url' } ])
          probes: [
            { type: 'Startup', httpGet: { path: '/health/live', port: 8000 }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 60 }
            { type: 'Readiness', httpGet: { path: '/health/ready', port: 8000 }, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 2 }
            { type: 'Liveness', httpGet: { path: '/health/live', port: 8000 }, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3 }
          ]
          volumeMounts: [
            { volumeName: 'data', mountPath: '/var/lib/openward' }
            { volumeName: 'temporary', mountPath: '/tmp' }
          ]
        }
        {
          name: 'clamd'
          image: 'clamav/clamav:1.4'
          resources: { cpu: json('0.75'), memory: '3Gi' }
          env: [
            { name: 'CLAMD_CONF_StreamMaxLength', value: '30M' }
            { name: 'CLAMD_CONF_MaxFileSize', value: '100M' }
            { name: 'CLAMD_CONF_MaxScanSize', value: '400M' }
            { name: 'CLAMD_CONF_AlertEncrypted', value: 'yes' }
            { name: 'CLAMD_CONF_AlertExceedsMax', value: 'yes' }
          ]
        }
      ]
      scale: { minReplicas: 2, maxReplicas: 6, rules: [ { name: 'requests', http: { metadata: { concurrentRequests: '50' } } } ] }
      volumes: [
        { name: 'data', storageType: 'AzureFile', storageName: data.name }
        { name: 'temporary', storageType: 'EmptyDir' }
      ]
    }
  }
}

output address string = app.properties.configuration.ingress.fqdn
